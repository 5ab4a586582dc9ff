import { KubernetesStore } from "../../core/store/kubernetes_store.ts";
import type { StoreChange } from "../../core/store/store.ts";
import { SignalboxError } from "../../core/signalbox_error.ts";
import { systemTimers } from "../../core/timers.ts";
import { type StoreUnderTest, testStore } from "../suite/store_suite.ts";
import type { ApiServer } from "./kubernetes_api_server.ts";
import { createNamespace, type TestNamespace } from "./kubernetes_namespace.ts";
import { testWithKubernetes } from "./kubernetes_test_case.ts";

/** The namespace's Sessions, with the rights of a Signalbox, as one store. */
async function openStore(namespace: TestNamespace): Promise<StoreUnderTest> {
  const client = await namespace.ownClient();
  const store = new KubernetesStore({
    client,
    namespace: namespace.name,
    parsing: { domain: "example.org" },
    onChange: (_, taken) => taken(),
    timers: systemTimers,
    nowMs: () => performance.now(),
  });
  await store.synced;
  let isClosed = false;
  return {
    load() {
      if (isClosed) return Promise.reject(new SignalboxError("store_unavailable", "Cannot load: it is closed"));
      const records = Array.from(store.objects.values(), ({ parsed, expiresAtMs }) => {
        if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
        const { session } = parsed;
        return expiresAtMs === undefined ? { session, generation: 0 } : { session, generation: 0, expiresAtMs };
      });
      return Promise.resolve({ generation: 0, records: records.sort((a, b) => a.session.id < b.session.id ? -1 : 1) });
    },
    async commit(_, changes) {
      if (isClosed) throw new SignalboxError("store_unavailable", "Cannot commit: it is closed");
      // A `write()` has one change an id, as a plan has.
      for (const some of inTurns(changes)) {
        for (const failure of (await store.write(some)).values()) throw failure;
      }
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      await store.close();
      client.close();
    },
  };
}

/** The same changes, where those of one id are not in one list. */
function inTurns(changes: readonly StoreChange[]): readonly (readonly StoreChange[])[] {
  const turns: StoreChange[][] = [];
  const counts = new Map<string, number>();
  for (const change of changes) {
    const id = change.kind === "put" ? change.record.session.id : change.id;
    const turn = counts.get(id) ?? 0;
    counts.set(id, turn + 1);
    (turns[turn] ??= []).push(change);
  }
  return turns;
}

let server: ApiServer;

testStore({
  name: "KubernetesStore",
  durable: true,
  keepsGenerations: false,
  async place() {
    const namespace = await createNamespace(server, { pods: false, store: true });
    return { open: () => openStore(namespace), remove: async () => await namespace[Symbol.asyncDispose]() };
  },
  test: (name, run) =>
    testWithKubernetes(name, (found) => {
      server = found;
      return run();
    }, { envoy: false }),
});
