import assert from "node:assert/strict";
import v8 from "node:v8";
import vm from "node:vm";
import { freePort } from "../dev/free_port.ts";
import { createKubernetesClient, type KubernetesClient, type WatchEvent } from "./kubernetes_client.ts";
import { KubernetesError } from "./kubernetes_error.ts";

type Handler = (request: Request) => Response | Promise<Response>;

/** A client of an API server that answers by `handler`, with the credentials that it was asked for by then. */
async function withServer(
  handler: Handler,
  run: (client: KubernetesClient, state: { token: string; nowMs: number }) => Promise<void>,
): Promise<void> {
  const state = { token: "first", nowMs: 0 };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handler);
  const access = {
    server: `http://127.0.0.1:${server.addr.port}`,
    namespace: "mine",
    credentials: () => Promise.resolve({ headers: { authorization: `Bearer ${state.token}` } }),
  };
  const client = createKubernetesClient(access, { nowMs: () => state.nowMs });
  try {
    await run(client, state);
  } finally {
    client.close();
    await server.shutdown();
  }
}

Deno.test("request() sends what it is given as JSON, with credentials, and gives the answer's JSON", async () => {
  const seen: unknown[] = [];
  await withServer(async (request) => {
    const { pathname, search } = new URL(request.url);
    const { method, headers } = request;
    const [authorization, type] = [headers.get("authorization"), headers.get("content-type")];
    seen.push({ method, pathname, search, authorization, type, body: await request.text() });
    return Response.json({ kind: "Pod" });
  }, async (client) => {
    assert.equal(client.namespace, "mine");
    assert.deepEqual(await client.request("/api/v1/pods", { query: { limit: "5", labelSelector: "a=b" } }), {
      kind: "Pod",
    });
    await client.request("/x", { method: "PATCH", contentType: "application/merge-patch+json", body: { a: 1 } });
  });
  assert.deepEqual(seen, [
    {
      method: "GET",
      pathname: "/api/v1/pods",
      search: "?limit=5&labelSelector=a%3Db",
      authorization: "Bearer first",
      type: null,
      body: "",
    },
    {
      method: "PATCH",
      pathname: "/x",
      search: "",
      authorization: "Bearer first",
      type: "application/merge-patch+json",
      body: '{"a":1}',
    },
  ]);
});

Deno.test("request() rejects with what the server says, and what it wants to be waited for", async () => {
  const conflict = { kind: "Status", code: 409, reason: "AlreadyExists", message: 'pods "a" already exists' };
  const answers = [
    Response.json(conflict, { status: 409 }),
    new Response("<html>", { status: 503, headers: { "retry-after": "7" } }),
  ];
  await withServer(() => answers.shift() ?? new Response(), async (client) => {
    await assert.rejects(client.request("/a"), { status: 409, reason: "AlreadyExists", message: conflict.message });
    await assert.rejects(client.request("/a"), { status: 503, retryAfterMs: 7000, message: "it answered 503" });
  });
});

Deno.test("request() rejects with status 0 when there is no answer", async () => {
  await withServer((request) =>
    new Promise((_, reject) => {
      request.signal.addEventListener("abort", () => reject(new Error("gone")));
    }), async (client) => {
    await assert.rejects(client.request("/a", { timeoutMs: 20 }), { status: 0, message: "it does not answer" });
  });
  const nowhere = createKubernetesClient({
    server: `http://127.0.0.1:${freePort()}`,
    namespace: "x",
    credentials: () => Promise.resolve({ headers: {} }),
  });
  await assert.rejects(nowhere.request("/a"), (error: unknown) => {
    assert.ok(error instanceof KubernetesError);
    assert.equal(error.status, 0);
    assert.match(error.message, /refused/i);
    return true;
  });
  nowhere.close();
});

Deno.test("request() asks for its credentials again after a while, and at once when they are refused", async () => {
  const tokens: (string | null)[] = [];
  await withServer((request) => {
    const token = request.headers.get("authorization");
    tokens.push(token);
    return token === "Bearer third"
      ? Response.json({})
      : Response.json({}, { status: token === "Bearer second" ? 401 : 200 });
  }, async (client, state) => {
    await client.request("/a");
    state.token = "second";
    await client.request("/a");
    state.nowMs += 31_000;
    await assert.rejects(client.request("/a"), { status: 401 });
    state.token = "third";
    await client.request("/a");
  });
  assert.deepEqual(tokens, ["Bearer first", "Bearer first", "Bearer second", "Bearer third"]);
});

Deno.test("watch() gives the events as they come, and ends when the server ends it", async () => {
  const event = (name: string) => ({ type: "ADDED", object: { metadata: { name } } });
  await withServer((request) => {
    assert.equal(new URL(request.url).search, "?resourceVersion=5&watch=true");
    return new Response(`${JSON.stringify(event("a"))}\n${JSON.stringify(event("b"))}\n`);
  }, async (client) => {
    const batches: WatchEvent[][] = [];
    for await (const batch of client.watch("/a", { query: { resourceVersion: "5" } })) batches.push([...batch]);
    assert.deepEqual(batches[0], [], "the watch is open");
    assert.deepEqual(batches.flat(), [event("a"), event("b")]);
  });
});

Deno.test("watch() rejects when it is refused, aborted, or told what is no event", async () => {
  const answers = [
    Response.json({ code: 403, reason: "Forbidden", message: "no" }, { status: 403 }),
    new Response("5\n"),
  ];
  await withServer(() => answers.shift() ?? new Response(new ReadableStream()), async (client) => {
    const drain = async (signal?: AbortSignal) => {
      for await (const _ of client.watch("/a", signal ? { signal } : {})) { /* nothing */ }
    };
    await assert.rejects(drain(), { status: 403, reason: "Forbidden" });
    await assert.rejects(drain(), { status: 0, message: "it sent a watch event that is none" });
    const stop = new AbortController();
    const watching = assert.rejects(drain(stop.signal), { status: 0 });
    stop.abort();
    await watching;
  });
});

Deno.test("watch() ends when it is aborted, also once it has run for long and much was collected", async () => {
  v8.setFlagsFromString("--expose-gc");
  const collect: () => void = vm.runInNewContext("gc");
  const line = new TextEncoder().encode('{"type":"ADDED","object":{}}\n');
  // So much that V8 optimizes the code that reads it, which from then on holds no response.
  const [watches, chunks] = [16, 600];
  const respond = () => {
    let sent = 0;
    return new ReadableStream<Uint8Array>({
      async pull(controller) {
        if (sent++ === chunks) return await new Promise(() => {});
        controller.enqueue(line);
        await new Promise((resolve) => setTimeout(resolve, 0));
      },
    });
  };
  await withServer(() => new Response(respond()), async (client) => {
    const stop = new AbortController();
    const watch = async (quiet: () => void) => {
      let events = 0;
      for await (const batch of client.watch("/a", { signal: stop.signal })) {
        events += batch.length;
        if (events === chunks) quiet();
      }
    };
    const open = Array.from({ length: watches }, () => {
      const { promise: quiet, resolve } = Promise.withResolvers<void>();
      return { quiet, ended: assert.rejects(watch(resolve), { status: 0 }) };
    });
    await Promise.all(open.map(({ quiet }) => quiet));
    for (let round = 0; round < 5; round++) {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    stop.abort();
    await Promise.all(open.map(({ ended }) => ended));
  });
});
