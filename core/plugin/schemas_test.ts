import assert from "node:assert/strict";
import { checkInput } from "./check_input.ts";
import type { SecretReference, StandardSchema } from "./plugin.ts";
import { createSchemas } from "./schemas.ts";
import { SecretText } from "./secret_text.ts";

const schemas = createSchemas((reference: SecretReference) => {
  if ("env" in reference) throw new Error(`there is no variable "${reference.env}"`);
  return new SecretText(() => `text of ${"file" in reference ? reference.file : reference.kubernetesSecret.key}`);
});
const { z, duration, secret } = schemas;

function valueOf(schema: StandardSchema, input: unknown): unknown {
  const checked = checkInput(schema, input);
  assert(!(checked instanceof Promise) && checked.ok, JSON.stringify(checked));
  return checked.value;
}

function issuesOf(schema: StandardSchema, input: unknown) {
  const checked = checkInput(schema, input);
  assert(!(checked instanceof Promise) && !checked.ok);
  return checked.issues.map(({ path, message }) => `${path}: ${message}`);
}

Deno.test("duration() makes messages of texts", () => {
  assert.deepEqual(valueOf(duration(), "1h30m"), { seconds: 5400 });
  assert.deepEqual(valueOf(duration(), "0s"), { seconds: 0 });
  assert.deepEqual(valueOf(duration(), "250ms"), { seconds: 0, nanos: 250_000_000 });
  assert.deepEqual(valueOf(duration(), "1s500ms"), { seconds: 1, nanos: 500_000_000 });
  assert.deepEqual(valueOf(duration().prefault("5s"), undefined), { seconds: 5 });
  const text = ': must be a duration such as "30s", "5m" or "1h30m", got';
  assert.deepEqual(issuesOf(duration(), "5"), [`${text} "5"`]);
  assert.deepEqual(issuesOf(duration(), "4000000d"), [`${text} "4000000d"`]);
  assert.deepEqual(issuesOf(duration(), 5), [": must be a string, got a number"]);
});

Deno.test("secret() makes a secret of a reference, and shows nothing of what stands in its place", () => {
  const made = valueOf(z.strictObject({ token: secret() }), { token: { file: "a" } });
  assert(made instanceof Object && "token" in made && made.token instanceof SecretText);
  assert.equal(made.token.reveal(), "text of a");
  const place = ": must be { file: PATH }, { env: NAME } or { kubernetesSecret: { name: NAME, key: KEY } }";
  for (const wrong of ["s3cr3t", { file: "a", env: "b" }, { path: "a" }, undefined, null]) {
    assert.deepEqual(issuesOf(secret(), wrong), [place], JSON.stringify(wrong));
  }
  assert.deepEqual(issuesOf(secret(), { file: "" }), ["file: must not be empty"]);
  assert.deepEqual(issuesOf(z.strictObject({ token: secret() }), { token: { env: "A" } }), [
    'token: there is no variable "A"',
  ]);
});

Deno.test("checkInput() names every issue by its path, in plain words", () => {
  const schema = z.strictObject({ a: z.string(), list: z.array(z.int()) });
  assert.deepEqual(issuesOf(schema, { list: [1, "x"], more: 1 }), [
    "a: is required",
    "list[1]: must be a number, got a string",
    "more: is not a known field",
  ]);
});

Deno.test("checkInput() takes any Standard Schema, and one that answers later", async () => {
  const schema = (answer: (value: unknown) => unknown) =>
    ({ "~standard": { version: 1, vendor: "test", validate: answer } }) as StandardSchema;
  assert.equal(valueOf(schema((value) => ({ value: `${value}!` })), "a"), "a!");
  const refuse = () => ({ issues: [{ message: "no", path: ["a", { key: 0 }, { key: "b" }] }, { message: "at all" }] });
  assert.deepEqual(issuesOf(schema(refuse), 1), ["a[0].b: no", ": at all"]);
  assert.deepEqual(await checkInput(schema((value) => Promise.resolve({ value })), 1), { ok: true, value: 1 });
});
