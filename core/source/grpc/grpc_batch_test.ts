import assert from "node:assert/strict";
import type { Messages } from "../../proto/message_types.ts";
import { SignalboxError } from "../../signalbox_error.ts";
import { parseBatch } from "./grpc_batch.ts";
import { startGrpcApiBed } from "./testdata/grpc_api_bed.ts";
import { BATCH } from "./testdata/grpc_methods.ts";

const A = { id: "a", address: "10.0.0.1", port: 50051 };

function errorsOf(operations: Messages["signalbox.v1.BatchRequest.Operation"][]) {
  return parseBatch({ operations }, { domain: "example.org", issues: [] }).map((item) => {
    assert(item instanceof SignalboxError);
    return [item.code, ...item.issues.map(({ path, message }) => `${path}: ${message}`)];
  });
}

Deno.test("parseBatch() has what is wrong with an operation in its place", () => {
  assert.deepEqual(errorsOf([{}, { register: { ...A, wait: {} } }, { deregister: { id: "A" } }, { deregister: {} }]), [
    ["invalid_request"],
    ["invalid_request", "wait: must be left out: the batch waits as a whole"],
    ["invalid_request", 'id: must be a DNS label: 1 to 63 of a-z, 0-9 and inner hyphens, got "A"'],
    ["invalid_request", "id: is required"],
  ]);
});

Deno.test("Batch does its operations in the order given", async () => {
  await using bed = await startGrpcApiBed();
  const { results = [], generation } = await bed.client.call(BATCH, {
    operations: [
      { register: A },
      { deregister: { id: "a" } },
      { register: { ...A, address: "10.0.0.2" } },
      { register: { ...A, address: "10.0.0.3" } },
      { register: { ...A, address: "10.0.0.3" } },
    ],
  });
  assert.deepEqual([generation, results], [1, [
    { registered: { outcome: "OUTCOME_CREATED" } },
    { deregistered: { id: "a", generation: 1 } },
    { registered: { outcome: "OUTCOME_CREATED" } },
    { registered: { outcome: "OUTCOME_CHANGED" } },
    { registered: { outcome: "OUTCOME_UNCHANGED" } },
  ]]);
  assert.equal(bed.table.get("a")?.session.backends[0]?.address, "10.0.0.3");
});

Deno.test("the answer to a batch of 10,000 is no more than clients take", async () => {
  await using bed = await startGrpcApiBed();
  const operations = Array.from({ length: 10_000 }, (_, i) => ({ register: { ...A, id: `s-${i}` } }));
  const { results = [] } = await bed.client.call(BATCH, { operations });
  assert(results.every(({ registered }) => registered?.outcome === "OUTCOME_CREATED"));
  // All refused, which says more of each.
  const again = operations.map(({ register }, i) => ({
    register: { ...register, id: `t-${i}`, host: `s-${i}.example.org` },
  }));
  const refused = await bed.client.call(BATCH, { operations: again });
  assert(refused.results?.every(({ error }) => error?.code === 6));
  assert.equal(bed.table.size, 10_000);
});
