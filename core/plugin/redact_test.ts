import assert from "node:assert/strict";
import { RevealedSecrets } from "./redact.ts";

Deno.test("RevealedSecrets.redact() hides secrets in texts, in keys, inside of objects and in errors", () => {
  const secrets = new RevealedSecrets();
  secrets.note("s3cr3t");
  const error = new TypeError("cannot use s3cr3t");
  const redacted = secrets.redact({
    "a s3cr3t": ["s3cr3t and s3cr3t", { deep: "s3cr3t" }],
    error,
    number: 1,
    none: null,
  });
  assert.deepEqual({ ...redacted, error: undefined }, {
    "a [redacted]": ["[redacted] and [redacted]", { deep: "[redacted]" }],
    error: undefined,
    number: 1,
    none: null,
  });
  assert.match(String(redacted.error), /^TypeError: cannot use \[redacted\]\n/);
});

Deno.test("RevealedSecrets.redact() gives back what has no secret as it is", () => {
  const secrets = new RevealedSecrets();
  const error = new Error("harmless");
  const value = { error, bytes: new Uint8Array(1), date: new Date(0) };
  assert.equal(secrets.redact(value), value);
  secrets.note("s3cr3t");
  assert.deepEqual(secrets.redact(value), value);
  assert.equal(secrets.redact(error), error);
});

Deno.test("RevealedSecrets.redact() hides the whole of a secret that another is a part of", () => {
  const secrets = new RevealedSecrets();
  secrets.note("abc");
  secrets.note("abcdef");
  assert.equal(secrets.redact("abcdef abc"), "[redacted] [redacted]");
});

Deno.test("RevealedSecrets.note() takes no notice of an empty secret", () => {
  const secrets = new RevealedSecrets();
  secrets.note("");
  assert.equal(secrets.redact("abc"), "abc");
});

Deno.test("RevealedSecrets.record() hides what a build revealed in that build alone, and what was revealed outside in all", () => {
  const secrets = new RevealedSecrets();
  secrets.note("outer");
  const { result, redact } = secrets.record(() => {
    secrets.note("inner");
    return secrets.redact("outer inner");
  });
  assert.equal(result, "[redacted] [redacted]");
  assert.equal(redact("outer inner"), "[redacted] [redacted]");
  assert.equal(secrets.redact("outer inner"), "[redacted] inner");
});

Deno.test("RevealedSecrets.redact() hides secrets as they stand in formats of Envoy, in URLs and in JSON", () => {
  const secrets = new RevealedSecrets();
  const secret = 's3%r"t';
  secrets.note(secret);
  for (const text of [secret, 's3%%r"t', encodeURIComponent(secret), JSON.stringify({ secret })]) {
    assert.doesNotMatch(secrets.redact(text), /s3/);
  }
});
