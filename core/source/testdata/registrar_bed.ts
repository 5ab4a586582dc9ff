import { isDeepStrictEqual } from "node:util";
import { Deliveries } from "../../observe/deliveries.ts";
import type { Session } from "../../session/session.ts";
import { SessionTable } from "../../session/session_table.ts";
import type { BuildResult, Publication } from "../operation.ts";
import { Receipts } from "../receipts.ts";
import { createRegistrar, type Registrar } from "../registrar.ts";
import { FakeTime } from "./fake_time.ts";
import { StoreDouble } from "./store_double.ts";

/** A session with a host of its own. */
export function sampleSession(id: string, changes: Partial<Session> = {}): Session {
  return {
    id,
    host: `${id}.example.org`,
    aliases: [],
    backends: [{ address: "10.0.0.1", port: 50051, weight: 1 }],
    labels: {},
    plugins: {},
    ...changes,
  };
}

/** A fragment that tells everything of its session; the label `build` makes it fail, or throw. */
export function buildSample(session: Session): BuildResult<Session> {
  if (session.labels.build === "throws") throw new Error("a defect");
  if (session.labels.build !== "fails") return { ok: true, fragment: session };
  return { ok: false, failures: [{ path: "plugins.auth", message: "is odd", plugin: "auth", hook: "route" }] };
}

export interface RegistrarBed {
  readonly registrar: Registrar<Session>;
  readonly table: SessionTable;
  readonly store: StoreDouble;
  readonly time: FakeTime;
  /** Every publication, in order, without what was before it. */
  readonly published: { readonly generation: number; readonly changes: readonly Publication<Session>[] }[];
  /** All publications together: what is served. */
  readonly served: Map<string, Session>;
  /** What Envoys say; the steps that it counts by are the generations. */
  readonly deliveries: Deliveries;
  readonly receipts: Receipts;
}

/** A registrar that has been started over `store`, with time that stands still. */
export async function startBed(
  { store = new StoreDouble(), time = new FakeTime(), build = buildSample, onPublish = () => {} }: {
    readonly store?: StoreDouble;
    readonly time?: FakeTime;
    readonly build?: typeof buildSample;
    readonly onPublish?: (generation: number, changes: readonly Publication<Session>[]) => void;
  } = {},
): Promise<RegistrarBed> {
  const table = new SessionTable();
  const published: RegistrarBed["published"] = [];
  const served = new Map<string, Session>();
  const deliveries = new Deliveries();
  const publish = (generation: number, changes: readonly Publication<Session>[]) => {
    published.push({ generation, changes: changes.map(({ id, fragment }) => ({ id, fragment })) });
    for (const { id, fragment } of changes) {
      if (fragment === undefined) served.delete(id);
      else served.set(id, fragment);
    }
    onPublish(generation, changes);
  };
  const isServed = (id: string, session: Session) => isDeepStrictEqual(served.get(id), session);
  const registrar = createRegistrar({ store, table, clock: time, timers: time, build, isServed, publish });
  await registrar.start(await store.load());
  const steps = {
    get revision() {
      return registrar.generation;
    },
    changedAt: (id: string) => table.get(id)?.generation,
    revisionOf: (generation: number) => generation <= registrar.generation ? generation : undefined,
  };
  const receipts = new Receipts({ deliveries, steps, timers: time, nowMs: () => time.now() });
  return { registrar, table, store, time, published, served, deliveries, receipts };
}
