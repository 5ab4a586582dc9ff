import type { Session } from "../../../session/session.ts";
import { SessionTable } from "../../../session/session_table.ts";
import { KubernetesStore } from "../../../store/kubernetes_store.ts";
import type { SessionServer, SessionServerClient } from "../../../store/testdata/session_server.ts";
import { createRegistrar } from "../../registrar.ts";
import { FakeTime } from "../../testdata/fake_time.ts";
import { buildSample } from "../../testdata/registrar_bed.ts";
import { ClaimedSessions } from "../claimed_sessions.ts";
import { ObjectRegistrar } from "../object_registrar.ts";
import { ObjectSessions } from "../object_sessions.ts";
import type { ObjectState } from "../object_status.ts";

/** One replica over a server, put together as Signalbox does it; its Envoys are `served`. */
export interface TestReplica {
  readonly client: SessionServerClient;
  readonly registrar: ObjectRegistrar<Session>;
  readonly objects: ObjectSessions;
  readonly table: SessionTable;
  readonly served: ReadonlyMap<string, Session>;
  /** Every publication's ids, in order. */
  readonly published: string[][];
  /** What became of each object, by name. */
  readonly states: Map<string, ObjectState>;
  readonly time: FakeTime;
  close(): Promise<void>;
}

export async function startReplica(server: SessionServer): Promise<TestReplica> {
  const time = new FakeTime(Date.parse("2026-01-01T00:00:01Z"));
  const table = new SessionTable();
  const served = new Map<string, Session>();
  const published: string[][] = [];
  const states = new Map<string, ObjectState>();
  const names = new Map<string, string>();
  const inner = createRegistrar<Session>({
    table,
    clock: time,
    timers: time,
    build: buildSample,
    publish(_, changes) {
      if (changes.length > 0) published.push(changes.map(({ id }) => id));
      for (const { id, fragment } of changes) {
        if (fragment) served.set(id, fragment);
        else served.delete(id);
      }
    },
  });
  await inner.start({ generation: 0, records: [] });
  const client = server.client();
  const objects = new ObjectSessions({
    sessions: new ClaimedSessions({ registrar: inner }),
    store: () => store,
    table,
    status: {
      review({ uid, name }, state) {
        names.set(uid, name);
        states.set(name, state);
      },
      forget: (uid) => void states.delete(names.get(uid) ?? ""),
    },
  });
  const shared = { timers: time, nowMs: () => time.now() };
  const store: KubernetesStore = new KubernetesStore({
    client,
    namespace: "ns",
    parsing: { domain: "example.org" },
    onChange: (changes, taken) => objects.takeIn(changes, taken),
    ...shared,
  });
  const registrar = new ObjectRegistrar<Session>({
    store,
    table,
    build: buildSample,
    clock: time,
    generation: () => inner.generation,
    onWritten: () => {},
    objects,
    ...shared,
  });
  await store.synced;
  await time.settle();
  return {
    ...{ client, registrar, objects, table, served, published, states, time },
    async close() {
      await registrar.close();
      await store.close();
      await inner.close();
    },
  };
}
