import assert from "node:assert/strict";
import { formatRecord, parseLogLine } from "./log_record.ts";

Deno.test("parseLogLine() reads level, message and fields, nested or not", () => {
  const record = { level: "info", message: "HTTP API listening", fields: { port: 8080 } };
  assert.deepEqual(parseLogLine('{"level":"INFO","message":"HTTP API listening","port":8080}'), record);
  assert.deepEqual(
    parseLogLine('{"level":"info","message":"HTTP API listening","properties":{"port":8080}}'),
    record,
  );
});

Deno.test("parseLogLine() keeps a line that is no JSON as it is", () => {
  for (const line of ["error: Uncaught", "12", "null", '{"level":"info"}']) {
    assert.deepEqual(parseLogLine(line), { level: "", message: line, fields: {} });
  }
});

Deno.test("formatRecord() says where something was thrown, and leaves the rest of the stack out", () => {
  const stack = "Error: no\n    at route (file:///p/tenant.ts:7:11)\n    at runHook (file:///core/run_hooks.ts:1:2)";
  const record = {
    level: "error",
    message: "Plugin tenant failed in route: no",
    fields: { logger: "a", session: "s1" },
  };
  const said = 'error: Plugin tenant failed in route: no session="s1"';
  for (const cause of [stack, { name: "Error", message: "no", stack }]) {
    assert.equal(formatRecord({ ...record, fields: { ...record.fields, cause } }), `${said} at /p/tenant.ts:7`);
  }
  assert.equal(formatRecord({ ...record, fields: { ...record.fields, cause: "Error: no" } }), said);
  assert.equal(formatRecord({ level: "", message: "a stack", fields: {} }), "a stack");
});
