import assert from "node:assert/strict";
import { until } from "../dev/until.ts";
import { FakeTime } from "../source/testdata/fake_time.ts";
import type { KubernetesClient, WatchEvent } from "./kubernetes_client.ts";
import { KubernetesError } from "./kubernetes_error.ts";
import { Reflector } from "./reflector.ts";

const object = (uid: string, resourceVersion: string) => ({ metadata: { uid, resourceVersion } });
const added = (uid: string, version: string): WatchEvent => ({ type: "ADDED", object: object(uid, version) });
const expired = { type: "ERROR", object: { code: 410, message: "too old" } };

interface Watch {
  readonly query: Readonly<Record<string, string>>;
  send(...events: WatchEvent[]): void;
  end(): void;
  fail(error: KubernetesError): void;
}

/** An API server that does as it is told: lists are answered in order, each watch is in the hands of the test. */
function scriptedServer(lists: (object | KubernetesError)[]) {
  const watches: Watch[] = [];
  const queries: Readonly<Record<string, string>>[] = [];
  const client: Pick<KubernetesClient, "request" | "watch"> = {
    request(_path, { query = {} } = {}) {
      queries.push(query);
      const answer = lists.length > 1 ? lists.shift() : lists[0];
      return answer instanceof KubernetesError ? Promise.reject(answer) : Promise.resolve(answer);
    },
    async *watch(_path, { query = {}, signal }) {
      let next = Promise.withResolvers<WatchEvent[] | undefined>();
      const steps: (typeof next)[] = [next];
      const step = () => steps.push(next = Promise.withResolvers());
      const aborted = () => next.reject(new KubernetesError("aborted", { status: 0 }));
      signal?.addEventListener("abort", aborted);
      watches.push({
        query,
        send(...events) {
          next.resolve(events);
          step();
        },
        end: () => next.resolve(undefined),
        fail: (error) => next.reject(error),
      });
      yield [];
      try {
        for (let at = 0;; at++) {
          const events = await steps[at]?.promise;
          if (!events) return;
          yield events;
        }
      } finally {
        signal?.removeEventListener("abort", aborted);
      }
    },
  };
  return { client, watches, queries };
}

function follow(client: Pick<KubernetesClient, "request" | "watch">) {
  const told: [string[], string[], string][] = [];
  const time = new FakeTime();
  const reflector = new Reflector<string>({
    client,
    collection: { path: "/api/v1/pods", labelSelector: "app=a", title: "pods" },
    parse: (object) => (object as ReturnType<typeof makeObject>).metadata.uid,
    onChange(changes, version) {
      const [here, gone] = [[...changes].filter(([, value]) => value), [...changes].filter(([, value]) => !value)];
      told.push([here.map(([uid]) => uid), gone.map(([uid]) => uid), version]);
    },
    timers: time,
    nowMs: () => time.now(),
    random: () => 0.5,
  });
  /** Lets the pause before the next try, of at most so many milliseconds, go by. */
  const pause = async (ms: number) => {
    await until(() => time.waitsMs.length === 1);
    await time.advance(ms);
  };
  return { reflector, told, time, pause };
}
const makeObject = object;

const list = (version: string, items: readonly object[], next?: string) => ({
  metadata: { resourceVersion: version, ...(next === undefined ? {} : { continue: next }) },
  items,
});

Deno.test("Reflector tells of a list once all its pages are in, and watches from there", async () => {
  const pages = [list("7", [object("a", "1")], "next"), list("7", [object("b", "2")])];
  const { client, watches, queries } = scriptedServer(pages);
  const { reflector, told } = follow(client);
  await reflector.synced;
  assert.deepEqual(told, [[["a", "b"], [], "7"]]);
  await until(() => watches.length === 1);
  assert.deepEqual(queries, [
    { limit: "500", labelSelector: "app=a" },
    { limit: "500", labelSelector: "app=a", continue: "next" },
  ]);
  assert.deepEqual(watches[0]?.query, {
    resourceVersion: "7",
    allowWatchBookmarks: "true",
    timeoutSeconds: "375",
    labelSelector: "app=a",
  });
  watches[0]?.send(added("c", "8"), { type: "DELETED", object: object("a", "9") });
  await until(() => told.length === 2);
  assert.deepEqual(told[1], [["c"], ["a"], "9"]);
  assert.equal(reflector.problem, undefined);
  await reflector.close();
});

Deno.test("Reflector goes on where it was when a watch ends or breaks, by a bookmark too, and lists no more", async () => {
  const { client, watches, queries } = scriptedServer([list("1", [])]);
  const { reflector, told, pause, time } = follow(client);
  await until(() => watches.length === 1);
  watches[0]?.send(added("a", "5"), { type: "BOOKMARK", object: { metadata: { resourceVersion: "20" } } });
  watches[0]?.end();
  await until(() => watches.length === 2);
  assert.equal(watches[1]?.query.resourceVersion, "20");
  watches[1]?.fail(new KubernetesError("connection reset", { status: 0 }));
  await pause(100);
  await until(() => watches.length === 3);
  assert.equal(watches[2]?.query.resourceVersion, "20");
  watches[2]?.fail(new KubernetesError("busy", { status: 503 }));
  await until(() => time.waitsMs.length === 1);
  assert.deepEqual(time.waitsMs, [200], "it has told nothing meanwhile");
  await pause(200);
  await until(() => watches.length === 4);
  assert.equal(queries.length, 1);
  assert.deepEqual(told.map(([here]) => here), [["a"]]);
  await reflector.close();
});

Deno.test("Reflector lists anew when its place is forgotten, and tells the difference alone", async () => {
  const lists = [list("1", [object("a", "1"), object("b", "1")]), list("50", [object("b", "1"), object("c", "40")])];
  const { client, watches } = scriptedServer(lists);
  const { reflector, told, pause } = follow(client);
  await until(() => watches.length === 1);
  watches[0]?.send(expired);
  await pause(100);
  await until(() => watches.length === 2);
  assert.equal(watches[1]?.query.resourceVersion, "50");
  assert.deepEqual(told, [[["a", "b"], [], "1"], [["c"], ["a"], "50"]]);
  // As an answer to the request too.
  watches[1]?.fail(new KubernetesError("too old", { status: 410 }));
  await pause(200);
  await until(() => watches.length === 3);
  assert.equal(told.length, 2);
  assert.equal(reflector.problem, undefined);
  await reflector.close();
});

Deno.test("Reflector keeps what it knows while the server is away, says so, and says when it is back", async () => {
  const { client, watches } = scriptedServer([
    new KubernetesError("connection refused", { status: 0 }),
    new KubernetesError("forbidden", { status: 403 }),
    list("3", [object("a", "1")]),
  ]);
  const { reflector, told, pause, time } = follow(client);
  assert.equal(reflector.problem, "listing pods");
  await until(() => time.waitsMs.length === 1);
  assert.deepEqual(time.waitsMs, [100]);
  assert.equal(reflector.problem, "cannot follow pods for 0 s: connection refused");
  await pause(100);
  await until(() => time.waitsMs.length === 1);
  assert.deepEqual(time.waitsMs, [200], "twice as long");
  await pause(200);
  await reflector.synced;
  await until(() => watches.length === 1 && reflector.problem === undefined);
  watches[0]?.fail(new KubernetesError("connection reset", { status: 0 }));
  await until(() => time.waitsMs.length === 1);
  time.jump(7_000);
  assert.equal(reflector.problem, "cannot follow pods for 7 s: connection reset");
  await pause(5_000);
  await until(() => reflector.problem === undefined);
  assert.equal(told.length, 1);
  await reflector.close();
});

Deno.test("Reflector waits before it opens a watch again that is ended at once, and as long as the server says", async () => {
  const { client, watches } = scriptedServer([list("1", [])]);
  const { reflector, pause, time } = follow(client);
  await until(() => watches.length === 1);
  watches[0]?.end();
  await until(() => time.waitsMs.length === 1);
  assert.match(reflector.problem ?? "", /ended the watch at once/);
  await pause(100);
  await until(() => watches.length === 2);
  watches[1]?.fail(new KubernetesError("too many", { status: 429, retryAfterMs: 9_000 }));
  await until(() => time.waitsMs.length === 1);
  assert.deepEqual(time.waitsMs, [9_000]);
  await reflector.close();
});

Deno.test("Reflector.close() ends it while it lists, watches or waits", async () => {
  const never: Pick<KubernetesClient, "request" | "watch"> = {
    request: (_path, { signal } = {}) =>
      new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason))),
    async *watch() {},
  };
  await follow(never).reflector.close();
  const { client, watches } = scriptedServer([list("1", [])]);
  const watching = follow(client).reflector;
  await until(() => watches.length === 1);
  await watching.close();
  const waiting = follow(scriptedServer([new KubernetesError("no", { status: 403 })]).client);
  await until(() => waiting.time.waitsMs.length === 1);
  await waiting.reflector.close();
});
