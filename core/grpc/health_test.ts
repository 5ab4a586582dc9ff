import assert from "node:assert/strict";
import { OPEN_ACCESS } from "../access/access.ts";
import { SignalboxError } from "../signalbox_error.ts";
import { startGrpcServer } from "./grpc_server.ts";
import { createHealth, type Health } from "./health.ts";
import { GrpcClient } from "./testdata/grpc_client.ts";

const CHECK = [
  "/grpc.health.v1.Health/Check",
  "grpc.health.v1.HealthCheckRequest",
  "grpc.health.v1.HealthCheckResponse",
] as const;
const WATCH = ["/grpc.health.v1.Health/Watch", CHECK[1], CHECK[2]] as const;
const LIST = [
  "/grpc.health.v1.Health/List",
  "grpc.health.v1.HealthListRequest",
  "grpc.health.v1.HealthListResponse",
] as const;

async function withHealth(run: (health: Health, client: GrpcClient) => Promise<void>): Promise<void> {
  const health = createHealth(["a.B"]);
  const server = await startGrpcServer({
    access: OPEN_ACCESS,
    address: "127.0.0.1",
    port: 0,
    services: [health.service],
    maxRequestBytes: 1024,
  });
  {
    using client = new GrpcClient(server.port);
    await run(health, client);
  }
  await server.close();
}

Deno.test("Health.Check is SERVING, of the server and of each service, from setServing() on", () =>
  withHealth(async (health, client) => {
    for (const service of ["", "a.B"]) {
      assert.deepEqual(await client.call(CHECK, { service }), { status: "NOT_SERVING" });
    }
    health.setServing(true);
    for (const service of ["", "a.B"]) assert.deepEqual(await client.call(CHECK, { service }), { status: "SERVING" });
    assert.deepEqual(await client.call(LIST, {}), {
      statuses: { "": { status: "SERVING" }, "a.B": { status: "SERVING" } },
    });
  }));

Deno.test("Health.Check fails with NOT_FOUND when there is no such service", () =>
  withHealth(async (_, client) => {
    await assert.rejects(client.call(CHECK, { service: "a.C" }), { code: "NOT_FOUND" });
  }));

Deno.test("Health.Watch tells the status at once and then what it becomes, each change once", () =>
  withHealth(async (health, client) => {
    const watch = client.open(WATCH, { service: "a.B" });
    assert.deepEqual(await watch.next(), { status: "NOT_SERVING" });
    health.setServing(true);
    health.setServing(true);
    health.setServing(false);
    assert.deepEqual(await watch.next(), { status: "SERVING" });
    assert.deepEqual(await watch.next(), { status: "NOT_SERVING" });
    watch.cancel();
    await assert.rejects(watch.next(), { code: "CANCELLED" });
    // Nobody is told any more.
    health.setServing(true);
  }));

Deno.test("Health.Watch says SERVICE_UNKNOWN and stays open when there is no such service", () =>
  withHealth(async (health, client) => {
    const watch = client.open(WATCH, { service: "a.C" });
    assert.deepEqual(await watch.next(), { status: "SERVICE_UNKNOWN" });
    health.setServing(true);
    health.service.endStreams(new SignalboxError("not_ready", "Cannot go on: the test ends"));
    await assert.rejects(watch.next(), { code: "UNAVAILABLE", message: "Cannot go on: the test ends" });
  }));
