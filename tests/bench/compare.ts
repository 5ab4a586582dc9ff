import { createEchoBackend, type EchoBackend } from "../../core/dev/echo_backend.ts";
import { DOMAIN } from "../e2e/harness.ts";
import { type Contender, CONTENDERS } from "./compare/contenders.ts";
import { type CompareResult, type Registration, summarize } from "./compare/result.ts";
import { createProber, type Prober } from "./first_answer.ts";
import { preload } from "./preload.ts";
import { processCpuMs } from "./process_cpu.ts";

/** A caller that has waited so long calls again after a hundredth of it: times are exact to 1 %. */
const PAUSE_SHARE = 0.01;
/** The first registrations find code that nothing has compiled yet. */
const WARM_UP = { count: 50, everyMs: 50 };

export interface CompareOptions {
  /** One of `CONTENDERS`. */
  readonly name: string;
  /** How many there are before. */
  readonly sessions: number;
  /** How many more are registered and measured. */
  readonly changes: number;
  /** From one registration to the next, whether or not what was registered before answers yet. */
  readonly everyMs: number;
}

/** What a control plane of `CONTENDERS` takes to make a new session answer, through a real Envoy of its own. */
export async function measureContender({ name, sessions, changes, everyMs }: CompareOptions): Promise<CompareResult> {
  const { start, needs = "" } = CONTENDERS[name] ?? {};
  if (start === undefined) throw new RangeError(`There is no contender "${name}"`);
  await using contender = await start();
  if (contender === undefined) return { name, sessions, missing: needs };
  await using stack = new AsyncDisposableStack();
  const backend = await createEchoBackend({ name: "bench", address: "127.0.0.11" });
  stack.defer(() => backend.kill());
  await preload(contender.api, sessions, backend);
  using prober = await createProber(await contender.startEnvoy());
  // The last of those that were there: then Envoy has them all.
  await prober.firstAnswer(`load-${sessions - 1}.${DOMAIN}`, { pauseShare: PAUSE_SHARE });
  const register = (prefix: string, count: number, everyMs: number) =>
    Promise.all(Array.from({ length: count }, async (_, index) => {
      await new Promise((resolve) => setTimeout(resolve, index * everyMs));
      return await measureRegistration({ id: `${prefix}-${index}`, contender, prober, backend });
    }));
  await register("warm", WARM_UP.count, WARM_UP.everyMs);

  const { pid } = contender;
  const before = await processCpuMs(pid);
  const startedAtMs = performance.now();
  const registrations = await register("new", changes, everyMs);
  // Who is polled works on until the last session answers, and beyond: so it counts what falls to one interval.
  const intervals = Math.max(changes, (performance.now() - startedAtMs) / everyMs);
  const after = await processCpuMs(pid);
  const cpuMs = before === undefined || after === undefined ? undefined : after - before;
  return { name, sessions, everyMs, ...summarize(registrations, { cpuMs, intervals }) };
}

async function measureRegistration(
  { id, contender, prober, backend }: {
    readonly id: string;
    readonly contender: Contender;
    readonly prober: Prober;
    readonly backend: EchoBackend;
  },
): Promise<Registration> {
  const startedAtMs = performance.now();
  const { address, port } = backend;
  const { status, body } = await contender.api.request("POST", contender.path, { id, address, port });
  if (status !== 201) throw new Error(`Cannot register "${id}": ${status} ${JSON.stringify(body)}`);
  const acknowledgedMs = performance.now() - startedAtMs;
  const { atMs, tries, withoutCluster } = await prober.firstAnswer(`${id}.${DOMAIN}`, { pauseShare: PAUSE_SHARE });
  return { acknowledgedMs, answeredMs: atMs - startedAtMs, tries, withoutCluster };
}
