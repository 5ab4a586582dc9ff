import assert from "node:assert/strict";
import { registrationSchema } from "../session/registration_schema.ts";
import { buildSessionDefinition } from "./session_definition.ts";

const { spec: { versions: [version] } } = buildSessionDefinition();
const schema = version.schema.openAPIV3Schema;

type Node = Readonly<Record<string, unknown>>;

function property(node: unknown, ...path: readonly string[]): Node {
  return path.reduce((value, key) => Object(Object(value).properties)[key], node) as Node;
}

/** Every schema in it, with its path. */
function* nodes(node: Node, path = "$"): Generator<readonly [string, Node]> {
  yield [path, node];
  const { properties = {}, items, additionalProperties } = node;
  for (const [key, value] of Object.entries(Object(properties))) yield* nodes(Object(value), `${path}.${key}`);
  if (items !== undefined) yield* nodes(Object(items), `${path}[]`);
  if (additionalProperties !== undefined) yield* nodes(Object(additionalProperties), `${path}.*`);
}

Deno.test("buildSessionDefinition() has every field of a registration but the id, which is the name", () => {
  const fields = Object.keys(registrationSchema.shape).filter((field) => field !== "id");
  assert.deepEqual(Object.keys(Object(property(schema, "spec").properties)), fields);
  const { minimum, maximum } = property(schema, "spec", "port");
  assert.deepEqual([minimum, maximum], [1, 65_535]);
  const { required } = Object(property(schema, "spec", "backends").items);
  assert.deepEqual(required, ["address", "port"]);
  assert.deepEqual(property(schema, "spec").oneOf, [
    { required: ["address", "port"] },
    { required: ["backends"] },
    { required: ["service"] },
  ]);
});

Deno.test("buildSessionDefinition() is structural: every field has a type, and nothing is closed", () => {
  const all = [...nodes(schema)];
  assert.ok(all.length > 20);
  for (const [path, node] of all) {
    assert.equal(typeof node.type, "string", path);
    assert.notEqual(node.additionalProperties, false, path);
    assert.equal(node.examples, undefined, path);
    const isOpen = node.type === "object" && node.properties === undefined && node.additionalProperties === undefined;
    assert.equal(node["x-kubernetes-preserve-unknown-fields"] === true, isOpen, path);
  }
});

Deno.test("buildSessionDefinition() has columns of fields that there are", () => {
  const known = ["metadata.creationTimestamp", ...[...nodes(schema)].map(([path]) => path.slice(2))];
  for (const { name, jsonPath } of version.additionalPrinterColumns) {
    const field = jsonPath.slice(1).replace(/\[\?\(.*\)\]/, "[]");
    assert.ok(known.includes(field), `${name}: ${field}`);
  }
});
