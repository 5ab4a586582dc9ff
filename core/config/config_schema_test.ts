import assert from "node:assert/strict";
import { parse, stringify } from "yaml";
import { configJsonSchema } from "./config_schema.ts";
import { loadConfig } from "./load_config.ts";
import { parseConfig } from "./parse_config.ts";

const DEPLOYED = new URL("../../deploy/signalbox.yaml", import.meta.url);

/** Every path that a JSON Schema has, as in `listeners[].tls.cert`. */
function schemaPaths(schema: unknown, path = ""): readonly string[] {
  const of = (key: string): unknown =>
    typeof schema === "object" && schema !== null ? Reflect.get(schema, key) : undefined;
  const members = of("oneOf") ?? of("anyOf");
  if (Array.isArray(members)) return members.flatMap((member) => schemaPaths(member, path));
  if (of("items") !== undefined) return schemaPaths(of("items"), `${path}[]`);
  const properties = Object.entries(of("properties") ?? {});
  if (properties.length === 0) return [path];
  return properties.flatMap(([key, value]) => schemaPaths(value, path === "" ? key : `${path}.${key}`));
}

/**
 * The file, what its lines that begin with `#:` show in place of keys at the top, and the file with those lines put in that
 * begin so further in.
 */
async function deployed(): Promise<{ readonly text: string; readonly examples: string; readonly filled: string }> {
  const text = await Deno.readTextFile(DEPLOYED);
  return {
    text,
    examples: Array.from(text.matchAll(/^#: (.*\n)/gm), ([, line = ""]) => line).join(""),
    filled: text.replaceAll(/^( +)#: /gm, "$1"),
  };
}

function valuePaths(value: unknown, path = ""): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((item) => valuePaths(item, `${path}[]`));
  if (typeof value !== "object" || value === null) return [path];
  return Object.entries(value).flatMap(([key, item]) => valuePaths(item, path === "" ? key : `${path}.${key}`));
}

Deno.test("configJsonSchema() has no key that deploy/signalbox.yaml leaves out", async () => {
  const known = new Set(schemaPaths(configJsonSchema()));
  // Below a mapping whose keys are the user's own, any key will do.
  const knownPart = (path: string) => known.has(path) ? path : path.slice(0, path.lastIndexOf("."));
  const { filled, examples } = await deployed();
  const written = new Set([parse(filled), parse(examples)].flatMap((values) => valuePaths(values)).map(knownPart));
  assert.deepEqual([...known].toSorted(), [...written].toSorted());
});

Deno.test("configJsonSchema() refuses unknown keys and asks for the domain alone", () => {
  const schema = configJsonSchema();
  assert.equal(schema.additionalProperties, false);
  assert.deepEqual(schema.required, ["domain"]);
});

Deno.test("parseConfig() accepts the examples in deploy/signalbox.yaml when they are put in", async () => {
  const { text, examples } = await deployed();
  const config = parseConfig(stringify({ ...parse(text), ...parse(examples) }), { baseDir: "/etc/signalbox" });
  assert.equal(config.kubernetes?.kubeconfig, "/etc/signalbox/kubeconfig");
  assert.deepEqual(config.kubernetes?.pods?.namespaces, ["sandboxes"]);
});

Deno.test("parseConfig() refuses the tokens in deploy/signalbox.yaml, which are none, when they are put in", async () => {
  const { filled } = await deployed();
  const tokens = ["http", "xds", "grpc"].map((server) => ({
    path: `${server}.tokens[0].sha256`,
    message: "must be 64 hex digits, as `signalbox token new` prints them",
  }));
  assert.throws(() => parseConfig(filled, { baseDir: "/etc/signalbox" }), { code: "invalid_config", issues: tokens });
});

Deno.test("loadConfig() accepts deploy/signalbox.yaml when it is read as it is", async () => {
  const config = await loadConfig(DEPLOYED.pathname);
  assert.equal(config.domain, "example.org");
  assert.equal(config.listeners[0]?.tls?.cert, new URL("tls.crt", DEPLOYED).pathname);
});
