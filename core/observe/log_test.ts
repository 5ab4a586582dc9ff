import assert from "node:assert/strict";
import type { LogRecord } from "@logtape/logtape";
import { SignalboxError } from "../signalbox_error.ts";
import { formatJson, formatText } from "./log.ts";

function record(
  message: readonly unknown[],
  properties: Record<string, unknown>,
  rawMessage = String(message[0]),
): LogRecord {
  return {
    category: ["signalbox", "http"],
    level: "warning",
    timestamp: Date.UTC(2030, 0, 2, 3, 4, 5, 6),
    message,
    rawMessage,
    properties,
  };
}

const line = (message: readonly unknown[], properties: Record<string, unknown> = {}, rawMessage?: string) =>
  formatText(record(message, properties, rawMessage));

Deno.test("formatJson() has the time, the level, the text, the logger and every field in an object on a line", () => {
  const text = formatJson(record(["Ready in ", 12, " ms"], { ms: 12, tls: { on: false } }, "Ready in {ms} ms"));
  assert.ok(text.endsWith("}\n") && text.indexOf("\n") === text.length - 1);
  assert.deepEqual(JSON.parse(text), {
    "@timestamp": "2030-01-02T03:04:05.006Z",
    level: "WARN",
    message: "Ready in 12 ms",
    logger: "signalbox.http",
    ms: 12,
    tls: { on: false },
  });
});

Deno.test("formatJson() lets no field take the place of what every line has", () => {
  const fields = { "@timestamp": 1, level: "none", message: "its own", logger: "me" };
  const entry = JSON.parse(formatJson(record(["It says ", "its own", ""], fields, "It says {message}")));
  assert.deepEqual(entry, {
    "@timestamp": "2030-01-02T03:04:05.006Z",
    level: "WARN",
    message: 'It says "its own"',
    logger: "signalbox.http",
    "@timestamp_field": 1,
    level_field: "none",
    message_field: "its own",
    logger_field: "me",
  });
});

Deno.test("formatText() has the time, the level, the text and every field on a line", () => {
  assert.equal(
    line(["HTTP API listening"], { address: "127.0.0.1", port: 8080, tls: false, none: undefined, missing: null }),
    "2030-01-02T03:04:05.006Z WARN  HTTP API listening address=127.0.0.1 port=8080 tls=false missing=null\n",
  );
});

Deno.test("formatText() does not say again what the text says already", () => {
  const properties = { ms: 12, sessions: 3, generation: 7 };
  assert.equal(
    line(["Ready in ", 12, " ms with ", 3, " sessions"], properties, "Ready in {ms} ms with {sessions} sessions"),
    "2030-01-02T03:04:05.006Z WARN  Ready in 12 ms with 3 sessions generation=7\n",
  );
  assert.match(line(["An Envoy rejects ", "a b", ""], {}), / An Envoy rejects a b\n$/);
});

Deno.test("formatText() quotes what would read as something else, and lets nothing begin a new line", () => {
  const fields = { a: "two words", b: 'a"b', c: "x=y", d: "", e: "line\nbreak", f: { deep: ["x"] }, g: new Date(0) };
  assert.equal(
    line(["text\nmore"], fields),
    '2030-01-02T03:04:05.006Z WARN  text\\nmore a="two words" b="a\\"b" c="x=y" d="" e="line\\nbreak" ' +
      'f={"deep":["x"]} g="1970-01-01T00:00:00.000Z"\n',
  );
  assert.match(line(["\u001b[31mred\u007f"], { x: "\u001b[0m" }), / \\u001b\[31mred\\u007f x="\\u001b\[0m"\n$/);
});

Deno.test("formatText() has of an error what it says, and of a defect where it was", () => {
  const refused = new SignalboxError("store_full", "Cannot write: the disk is full");
  assert.match(line(["Cannot commit"], { error: refused }), / error="Cannot write: the disk is full"\n$/);
  const text = line(["Cannot answer a request"], { error: new TypeError("x is not a function"), path: "/a" });
  assert.match(
    text,
    /^\S+ WARN {2}Cannot answer a request error="x is not a function" path=\/a\nTypeError: x is not a function\n\s+at .*log_test\.ts/,
  );
});
