import assert from "node:assert/strict";
import { outcomeOf } from "./first_answer.ts";

Deno.test("outcomeOf() tells a backend's answer from Envoy's errors, and a missing cluster from a missing pod", () => {
  assert.equal(outcomeOf({ ":status": 200 }), "answered");
  assert.equal(outcomeOf({ ":status": 200, "grpc-status": "12" }), "failed");
  assert.equal(outcomeOf({ ":status": 200, "grpc-status": "14" }), "no cluster");
  assert.equal(outcomeOf({ ":status": 200, "grpc-status": "14", "grpc-message": "no healthy upstream" }), "failed");
  assert.equal(outcomeOf({ ":status": 502 }), "failed");
});
