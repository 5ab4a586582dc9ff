import assert from "node:assert/strict";
import { connect, type ConnectionOptions } from "node:tls";
import { OPEN_ACCESS } from "../access/access.ts";
import { createTestAuthority, unchanging } from "../access/testdata/test_authority.ts";
import { SignalboxError } from "../signalbox_error.ts";
import { startGrpcServer } from "./grpc_server.ts";
import { createService, serverStream, unary } from "./grpc_service.ts";
import { GrpcClient } from "./testdata/grpc_client.ts";

const GET = ["/test.Service/Get", "google.protobuf.StringValue", "google.protobuf.StringValue"] as const;
const FOLLOW = ["/test.Service/Follow", GET[1], GET[2]] as const;

function start(options: Partial<Parameters<typeof unary<typeof GET[1], typeof GET[2]>>[0]>, onClosed = () => {}) {
  const service = createService("test.Service", {
    Get: unary({ request: GET[1], response: GET[2], handle: (request) => request, ...options }),
    Follow: serverStream({
      request: GET[1],
      response: GET[2],
      open(request, stream) {
        if (request.value === "") throw new SignalboxError("not_found", "Cannot follow nothing");
        stream.send(request);
        return onClosed;
      },
    }),
  });
  return startGrpcServer({
    access: OPEN_ACCESS,
    address: "127.0.0.1",
    port: 0,
    services: [service],
    maxRequestBytes: 1_000,
  });
}

Deno.test("startGrpcServer() tells who has failed to shake hands, and why", async () => {
  const [authority, other] = [await createTestAuthority(), await createTestAuthority("Another authority")];
  const certificate = unchanging({ ...await authority.issue(), clientCa: authority.ca });
  const failures: unknown[] = [];
  let heard = () => {};
  const server = await startGrpcServer({
    access: {
      ...OPEN_ACCESS,
      certificate,
      needsCertificate: true,
      handshakeFailed(...what) {
        failures.push(what);
        heard();
      },
    },
    address: "127.0.0.1",
    port: 0,
    services: [],
    maxRequestBytes: 1_000,
  });
  const failure = async (options: ConnectionOptions) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    heard = resolve;
    const socket = connect({ port: server.port, host: "127.0.0.1", ALPNProtocols: ["h2"], ...options });
    socket.on("error", () => {});
    await promise;
    socket.destroy();
    return String(failures.pop());
  };
  const { ca } = authority;
  assert.match(await failure({ ca }), /^127\.0\.0\.1,peer sent no certificates$/);
  assert.match(await failure({ ca: other.ca, ...await authority.issue() }), /^127\.0\.0\.1,.*UnknownCA$/);
  assert.match(await failure({ ca, ...await other.issue() }), /^127\.0\.0\.1,./);
  await server.close();
});

Deno.test("startGrpcServer() rejects with address_in_use when the port is taken", async () => {
  const server = await start({});
  await assert.rejects(
    startGrpcServer({ access: OPEN_ACCESS, address: "127.0.0.1", port: server.port, services: [], maxRequestBytes: 1 }),
    { code: "address_in_use" },
  );
  await server.close();
});

Deno.test("a call fails with the code of what was thrown, and INTERNAL without a word when that was a defect", async () => {
  const thrown = [new SignalboxError("store_full", "Cannot write: full"), new Error("secret")];
  const server = await start({
    handle: () => {
      throw thrown.shift();
    },
  });
  {
    using client = new GrpcClient(server.port);
    await assert.rejects(client.call(GET, {}), { code: "RESOURCE_EXHAUSTED", message: "Cannot write: full" });
    await assert.rejects(client.call(GET, {}), { code: "INTERNAL", message: "Signalbox's log says more." });
    await assert.rejects(client.open(FOLLOW, { value: "" }).next(), { code: "NOT_FOUND" });
  }
  await server.close();
});

Deno.test("a call fails with malformed_request or body_too_large when its request cannot be read", async () => {
  const server = await start({ maxBytes: 100 });
  {
    using client = new GrpcClient(server.port);
    const reasonOf = async (bytes: Uint8Array) => {
      const failure = await client.call(GET, bytes).then(() => undefined, (failure) => failure);
      return [failure.code, failure.status?.details[0]?.reason];
    };
    assert.deepEqual(await reasonOf(new Uint8Array([10, 200])), ["INVALID_ARGUMENT", "MALFORMED_REQUEST"]);
    assert.deepEqual(await reasonOf(new Uint8Array(101)), ["RESOURCE_EXHAUSTED", "BODY_TOO_LARGE"]);
    // Over the server's own limit the library refuses it, unread.
    assert.deepEqual(await reasonOf(new Uint8Array(1_001)), ["RESOURCE_EXHAUSTED", undefined]);
  }
  await server.close();
});

Deno.test("GrpcServer.close() answers what has arrived, ends streams with UNAVAILABLE, and waits for no idle client", async () => {
  const arrived = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  const server = await start({
    async handle(request) {
      arrived.resolve();
      await go.promise;
      return request;
    },
  }, () => closed.resolve());
  using client = new GrpcClient(server.port);
  using idle = new GrpcClient(server.port);
  const stream = idle.open(FOLLOW, { value: "a" });
  assert.deepEqual(await stream.next(), { value: "a" });
  const answer = client.call(GET, { value: "b" });
  await arrived.promise;
  const closing = server.close({ graceMs: 60_000 });
  await assert.rejects(stream.next(), { code: "UNAVAILABLE", message: "Cannot go on: Signalbox is stopping" });
  await closed.promise;
  go.resolve();
  assert.deepEqual(await answer, { value: "b" });
  await closing;
});

Deno.test("GrpcServer.close() cuts off what is not answered in time", async () => {
  const never = Promise.withResolvers<never>();
  const arrived = Promise.withResolvers<void>();
  const server = await start({
    handle() {
      arrived.resolve();
      return never.promise;
    },
  });
  using client = new GrpcClient(server.port);
  const answer = client.call(GET, {});
  const failed = assert.rejects(answer);
  await arrived.promise;
  await server.close({ graceMs: 20 });
  await failed;
});
