import assert from "node:assert/strict";
import { ERROR_CODES, type ErrorCode, SignalboxError } from "../signalbox_error.ts";
import { problemResponse, toProblem } from "./problem.ts";

Deno.test("problemResponse() has the status of the code, the headers given and its own content type", async () => {
  const error = new SignalboxError("store_full", "Cannot write: the disk is full");
  const response = problemResponse(error, { allow: "GET", "content-type": "text/plain" });
  assert.equal(response.status, 507);
  assert.equal(response.headers.get("allow"), "GET");
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  assert.deepEqual(await response.json(), toProblem(error));
});

Deno.test("problemResponse() says when to try again where that may help", () => {
  const retryAfter = (code: ErrorCode) =>
    problemResponse(new SignalboxError(code, "Cannot")).headers.get("retry-after");
  assert.deepEqual([retryAfter("store_unavailable"), retryAfter("not_ready"), retryAfter("host_taken")], [
    "1",
    "1",
    null,
  ]);
});

Deno.test("toProblem() has the status and the meaning of its code", () => {
  for (const [code, { http, meaning }] of Object.entries(ERROR_CODES)) {
    const { status, title, type } = toProblem(new SignalboxError(code as keyof typeof ERROR_CODES, "Cannot"));
    assert.deepEqual([status, title, type], [http, meaning, `urn:signalbox:error:${code}`]);
  }
});
