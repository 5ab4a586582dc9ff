import assert from "node:assert/strict";
import { V2_FIELDS } from "../../core/cache/v2_fields.ts";
import { type FieldSchema, messageType } from "../../core/proto/schema.ts";
import { isV2Message, v2Enum, type V2Field, v2Field } from "./v2_descriptors.ts";

/** Pairs of a v3 message and the v2 message that it came from. */
const ROOTS = [
  ["envoy.config.cluster.v3.Cluster", "envoy.api.v2.Cluster"],
  ["envoy.config.route.v3.VirtualHost", "envoy.api.v2.route.VirtualHost"],
] as const;

/** What is not the same in v2 of a field that is said to be. */
function difference(field: FieldSchema, old: V2Field | undefined): string | undefined {
  if (!old) return "is not in v2";
  if (old.number !== field.number) return `has number ${old.number} in v2`;
  if (old.shape !== field.shape) return `is ${old.shape} in v2`;
  const type = field.type();
  if (type.kind === "scalar") return type.name === old.type ? undefined : `is ${old.type} in v2`;
  if (type.kind === "enum") {
    const values = v2Enum(old.type);
    if (!values) return `is ${old.type} in v2`;
    for (const [number, name] of type.names) {
      if (values[number] !== name) return `may be ${name}, which v2 does not know`;
    }
    return undefined;
  }
  if (type.fullName.startsWith("google.protobuf.")) {
    return type.fullName === old.type ? undefined : `is ${old.type} in v2`;
  }
  return isV2Message(old.type) && type.fullName in V2_FIELDS ? undefined : "is a message that is not in the table";
}

Deno.test("V2_FIELDS has nothing but what is in the v2 API under the same name, number and type", () => {
  const wrong: string[] = [];
  const seen = new Set<string>();
  const visit = (v3: string, v2: string): void => {
    if (seen.has(v3)) return;
    seen.add(v3);
    const schema = messageType(v3);
    for (const name of V2_FIELDS[v3]?.has ?? []) {
      const field = schema.byName.get(name);
      assert.ok(field, `${v3} has no field ${name}`);
      const old = v2Field(v2, field.protoName);
      const problem = difference(field, old);
      if (problem) wrong.push(`${v3}.${name} ${problem}`);
      else if (old && isV2Message(old.type)) visit(field.typeName, old.type);
    }
    for (const name of V2_FIELDS[v3]?.spares ?? []) {
      const field = schema.byName.get(name);
      assert.ok(field, `${v3} has no field ${name}`);
      assert.equal(v2Field(v2, field.protoName), undefined, `${v3}.${name} need not be spared`);
    }
  };
  for (const [v3, v2] of ROOTS) visit(v3, v2);
  assert.deepEqual(wrong, []);
  assert.deepEqual(Object.keys(V2_FIELDS).filter((name) => !seen.has(name)), [], "nothing leads there");
});
