import assert from "node:assert/strict";
import { parseLogLine } from "./log_record.ts";

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
