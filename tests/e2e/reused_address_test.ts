import assert from "node:assert/strict";
import { constants, createServer, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import { createEchoBackend } from "../../core/dev/echo_backend.ts";
import { testWithEnvoy } from "./envoy_test_case.ts";
import { createWorld } from "./harness.ts";

const { NGHTTP2_REFUSED_STREAM } = constants;
const ADDRESS = "127.0.0.99";

testWithEnvoy("a call whose pod refuses it late is not tried again at the next owner of the address", async () => {
  await using world = await createWorld();
  await using pod = await startHoldingPod();
  await world.api.register({ id: "old", backend: { address: ADDRESS, port: pod.port } });
  using client = world.client("old.example.org");
  const call = client.say({ text: "hello" });
  await pod.hasCall;

  // The pod ends as its session does, and hands back its call only when its address is another's.
  const gone = await world.api.request("DELETE", "/xds/tasks/old?wait=live&timeout=10s");
  assert.equal(gone.status, 200, JSON.stringify(gone.body));
  pod.stopListening();
  const next = await createEchoBackend({ name: "next", address: ADDRESS, port: pod.port });
  try {
    await world.api.register({ id: "new", backend: { address: ADDRESS, port: pod.port } });
    await world.untilAnswered("new.example.org", "next");
    pod.refuse();
    const result = await call;
    assert.equal(result.ok, false, JSON.stringify(result));
  } finally {
    await next.kill();
  }
});

interface HoldingPod extends AsyncDisposable {
  readonly port: number;
  readonly hasCall: Promise<void>;
  /** The port is free then; open connections stay. */
  stopListening(): void;
  /** Hands every call back as one that was not begun: whoever sent it may try it again. */
  refuse(): void;
}

async function startHoldingPod(): Promise<HoldingPod> {
  const server = createServer();
  const sessions = new Set<ServerHttp2Session>();
  const streams = new Set<ServerHttp2Stream>();
  const { promise: hasCall, resolve } = Promise.withResolvers<void>();
  server.on("session", (session) => sessions.add(session));
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.on("error", () => {});
    streams.add(stream);
    resolve();
  });
  await new Promise<void>((resolve) => server.listen(0, ADDRESS, resolve));
  const { port } = server.address() as { readonly port: number };
  const closed = new Promise<void>((resolve) => server.once("close", resolve));
  return {
    port,
    hasCall,
    stopListening: () => void server.close(),
    refuse: () => streams.forEach((stream) => stream.close(NGHTTP2_REFUSED_STREAM)),
    async [Symbol.asyncDispose]() {
      server.close();
      for (const session of sessions) session.destroy();
      await closed;
    },
  };
}
