import assert from "node:assert/strict";
import { until } from "../../../core/dev/until.ts";
import { testWithEnvoy } from "../envoy_test_case.ts";
import { createWorld } from "../harness.ts";
import { testEveryLayoutOverAds } from "../layouts.ts";
import { createTestAuthority } from "../../../core/access/testdata/test_authority.ts";
import { requestH2c } from "./h2c_request.ts";
import { type Http1Reply, NO_ANSWER, startHttp1Pod } from "./http1_pod.ts";
import { createPluginWorld } from "./plugin_world.ts";
import { openPodDoor } from "./pod_door.ts";
import { sendRaw } from "./raw_http.ts";
import { registerLive } from "./register_live.ts";
import { openWebSocket, openWebSocketOverH2c } from "./web_socket.ts";

const place = ({ address, port }: { readonly address: string; readonly port: number }) => ({ address, port });

testEveryLayoutOverAds(
  "http1: a pod is called over HTTP/1.1, whatever clients speak, and others as ever",
  async (layout) => {
    await using world = await createWorld({
      ...layout,
      store: "memory",
      tls: false,
      config: { plugins: [{ name: "http1" }] },
    });
    await using pod = await startHttp1Pod("notebook");
    await registerLive(world, { id: "s1", ...place(pod), plugins: { http1: {} } });
    await registerLive(world, { id: "silent", ...place(pod) });
    await registerLive(world, { id: "grpc", ...place(await world.addBackend("a")) });
    const address = world.ingress();

    // The first thing that Envoy hears of the session, where it has to ask for it.
    const path = "/api/kernels";
    for (const open of [openWebSocket, openWebSocketOverH2c]) {
      using webSocket = await open(address, { authority: "s1.example.org", path });
      const reply = { pod: "notebook", version: "1.1", host: "s1.example.org", path };
      assert.deepEqual(JSON.parse(await webSocket.receive()), reply);
      for (const text of ["one", "two"]) {
        webSocket.send(text);
        assert.equal(await webSocket.receive(), text);
      }
    }

    const reply = { pod: "notebook", version: "1.1", host: "s1.example.org", path: "/tree?a=b" };
    const { text } = await sendRaw(address, ["GET /tree?a=b HTTP/1.1", "host: s1.example.org"]);
    assert.ok(text.includes(JSON.stringify(reply)), text);
    const { body } = await requestH2c(address, { authority: "s1.example.org", path: "/tree?a=b" });
    assert.deepEqual(JSON.parse(body), reply);

    await world.untilAnswered("grpc.example.org", "a");
    assert.equal((await sendRaw(address, ["GET / HTTP/1.1", "host: silent.example.org"])).status, 502);
    for (const open of [openWebSocket, openWebSocketOverH2c]) {
      await assert.rejects(open(address, { authority: "silent.example.org", path }), { message: "403" });
    }
  },
);

testWithEnvoy("http1: a WebSocket outlives the timeouts of requests, and messages may be large", async () => {
  const plugins = [{ name: "http1", config: { enabled: true } }, { name: "timeouts" }, { name: "retries" }];
  await using world = await createWorld({ store: "memory", tls: false, config: { plugins } });
  await using pod = await startHttp1Pod("notebook");
  const address = world.ingress();
  const limits = { request: { timeouts: { request: "200ms" } }, try: { retries: { perTry: "200ms" } } };
  for (const [id, plugins] of Object.entries(limits)) {
    await registerLive(world, { id, ...place(pod), plugins });
    const authority = `${id}.example.org`;
    using first = await openWebSocket(address, { authority, path: "/" });
    using second = await openWebSocketOverH2c(address, { authority, path: "/" });
    await Promise.all([first.receive(), second.receive()]);
    const { headers } = await requestH2c(address, { authority, path: NO_ANSWER });
    assert.equal(headers[":status"], 504);
    for (const webSocket of [first, second]) {
      webSocket.send("still here");
      assert.equal(await webSocket.receive(), "still here");
    }
    // More than Envoy holds of a connection.
    const large = "x".repeat(1_000_000);
    first.send(large);
    assert.equal(await first.receive(), large);
  }
});

testWithEnvoy("http1: a WebSocket ends when nothing was sent for long, or its time is over", async () => {
  const plugins = [{ name: "http1", config: { enabled: true } }, { name: "timeouts" }];
  await using world = await createWorld({ store: "memory", tls: false, config: { plugins } });
  await using pod = await startHttp1Pod("notebook");
  const ends = async (open: typeof openWebSocket, id: string) => {
    using webSocket = await open(world.ingress(), { authority: `${id}.example.org`, path: "/" });
    await webSocket.receive();
    await assert.rejects(webSocket.receive());
  };
  const limits = { idle: { idle: "1s" }, "max-stream": { maxStream: "1s" } };
  for (const [id, timeouts] of Object.entries(limits)) {
    await registerLive(world, { id, ...place(pod), plugins: { timeouts } });
    await Promise.all([ends(openWebSocket, id), ends(openWebSocketOverH2c, id)]);
  }
});

testWithEnvoy("http1: connections that do nothing are closed by Envoy before the pod would", async () => {
  const config = { plugins: [{ name: "http1", config: { enabled: true } }] };
  await using world = await createWorld({ store: "memory", tls: false, config });
  await using pod = await startHttp1Pod("notebook");
  await registerLive(world, { id: "s1", ...place(pod) });
  await registerLive(world, {
    id: "grpc",
    ...place(await world.addBackend("a")),
    plugins: { http1: { enabled: false } },
  });
  await requestH2c(world.ingress(), { authority: "s1.example.org", path: "/" });
  assert.ok(pod.connections.all > 0);
  await until(() => pod.connections.open === 0, { what: "the connection closed" });
  await world.untilAnswered("grpc.example.org", "a");
});

/** Each is before and after each other in one of these. */
const ORDER = ["http1", "timeouts", "retries", "health-check", "path-routes", "canary-weights", "tls-sni"];

for (const [what, names] of [["as listed", ORDER], ["the other way round", ORDER.toReversed()]] as const) {
  testWithEnvoy(`http1: all pods of a session speak it, by TLS and healthy, with plugins ${what}`, async () => {
    await using stack = new AsyncDisposableStack();
    const pods = await createTestAuthority("pods");
    const certificate = await pods.issue({ dns: ["pod.internal"] });
    const config = { active: { check: { http: "/healthz" }, interval: "100ms" }, panic: 0 };
    const plugins = names.map((name) => name === "health-check" ? { name, config } : { name });
    const { world, live, writeSecret } = stack.use(await createPluginWorld({ plugins, tls: false }));
    await writeSecret("ca.pem", pods.ca);
    const doorTo = async (name: string) => {
      const pod = stack.use(await startHttp1Pod(name));
      return stack.use(await openPodDoor({ pod, certificate, protocol: "http/1.1" }));
    };
    const [own, canary, files] = [await doorTo("own"), await doorTo("canary"), await doorTo("files")];
    await live({
      id: "s1",
      backend: own,
      plugins: {
        http1: {},
        "tls-sni": { pod: { sni: "pod.internal", ca: { file: "ca.pem" } } },
        "path-routes": { backends: { files: { ...place(files), prefixes: ["/files"] } } },
        "canary-weights": {
          weight: 0,
          backends: { canary: { ...place(canary), weight: 1 } },
          sticky: { cookie: "version", ttl: "1h" },
        },
      },
    });
    const asked = (path: string) => ({ authority: "s1.example.org", path });
    const podOf = (text: string): Http1Reply["pod"] => JSON.parse(text).pod;
    for (const [path, pod] of [["/", "canary"], ["/files/a", "files"]] as const) {
      assert.equal(podOf((await requestH2c(world.ingress(), asked(path))).body), pod);
      using webSocket = await openWebSocket(world.ingress(), asked(path));
      assert.equal(podOf(await webSocket.receive()), pod);
    }
  });
}
