import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** From half a millisecond, about what a push takes, to where somebody should look. */
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export type Protocol = "delta" | "sotw" | "rest";

interface HookTime {
  readonly plugin: string;
  readonly hook: string;
  ms: number;
  runs: number;
}

/** Every number that Signalbox exposes. Labels are from small closed sets: a protocol, a resource type, a configured plugin. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #streams = this.#gauge("signalbox_streams", "Open xDS streams.", "protocol");
  readonly #pushes = this.#counter("signalbox_pushes_total", "Responses sent to Envoys.");
  readonly #resources = this.#counter("signalbox_pushed_resources_total", "Resources in the responses sent.");
  readonly #acks = this.#counter("signalbox_acks_total", "Responses that an Envoy accepted.");
  readonly #nacks = this.#counter("signalbox_nacks_total", "Responses that an Envoy rejected.");
  readonly #rejected = this.#counter(
    "signalbox_rejected_resources_total",
    "Resources found to be why a response was rejected.",
  );
  readonly #pluginFailures = new Counter({
    name: "signalbox_plugin_failures_total",
    help: "Times that a plugin failed on a session.",
    labelNames: ["plugin", "hook"],
    registers: [this.#registry],
  });
  readonly #hookTimes: HookTime[] = [];
  readonly #unknown = new Counter({
    name: "signalbox_unknown_type_requests_total",
    help: "Requests for resource types that Signalbox does not serve.",
    registers: [this.#registry],
  });
  readonly #forgotten = this.#counter(
    "signalbox_forgotten_names_total",
    "Names that nobody has, forgotten because one client asked for too many of them.",
  );
  readonly #refused = new Counter({
    name: "signalbox_refused_nodes_total",
    help: "Clients that no group has.",
    registers: [this.#registry],
  });
  readonly #unauthenticated = new Counter({
    name: "signalbox_unauthenticated_total",
    help: "Requests and streams of clients that had not proven who they are.",
    labelNames: ["server"],
    registers: [this.#registry],
  });
  readonly #omitted = new Counter({
    name: "signalbox_omitted_sessions_total",
    help: "Sessions left out for Envoys of the v2 API, which has no words for them; once for each version.",
    registers: [this.#registry],
  });
  readonly #push = new Histogram({
    name: "signalbox_push_seconds",
    help: "From a change's publication until an Envoy accepted it.",
    labelNames: ["type"],
    buckets: SECONDS,
    registers: [this.#registry],
  });
  readonly #commits = new Histogram({
    name: "signalbox_store_commit_seconds",
    help: "Time of a commit to the store.",
    buckets: SECONDS,
    registers: [this.#registry],
  });
  readonly #failedCommits = new Counter({
    name: "signalbox_store_commit_failures_total",
    help: "Commits that the store did not accept.",
    registers: [this.#registry],
  });

  constructor() {
    for (const protocol of ["delta", "sotw", "rest"] as const) this.#streams.set({ protocol }, 0);
    this.#sumHooks("signalbox_plugin_hook_seconds_total", "Time in hooks of plugins.", ({ ms }) => ms / 1000);
    this.#sumHooks("signalbox_plugin_hook_runs_total", "Runs of hooks of plugins.", ({ runs }) => runs);
  }

  /** `read` is called when the numbers are asked for. */
  observeState(
    read: () => { readonly sessions: number; readonly failing: number; readonly generation: number },
  ): void {
    const registers = [this.#registry];
    new Gauge({
      name: "signalbox_sessions",
      help: "Registered sessions.",
      registers,
      collect() {
        this.set(read().sessions);
      },
    });
    new Gauge({
      name: "signalbox_failing_sessions",
      help: "Registered sessions that could not be built: not served, or as they were before.",
      registers,
      collect() {
        this.set(read().failing);
      },
    });
    new Gauge({
      name: "signalbox_generation",
      help: "The number of the last change.",
      registers,
      collect() {
        this.set(read().generation);
      },
    });
  }

  /** `cpuSeconds`, `rssBytes`: of this process, read when the numbers are asked for. */
  observeProcess(
    read: () => { readonly cpuSeconds: number; readonly rssBytes: number; readonly startSeconds: number },
  ) {
    const registers = [this.#registry];
    new Counter({
      name: "process_cpu_seconds_total",
      help: "CPU time of this process.",
      registers,
      collect() {
        this.reset();
        this.inc(read().cpuSeconds);
      },
    });
    new Gauge({
      name: "process_resident_memory_bytes",
      help: "Memory of this process.",
      registers,
      collect() {
        this.set(read().rssBytes);
      },
    });
    new Gauge({
      name: "process_start_time_seconds",
      help: "When this process started, in seconds since the epoch.",
      registers,
      collect() {
        this.set(read().startSeconds);
      },
    });
  }

  opened(protocol: Protocol): void {
    this.#streams.inc({ protocol });
  }

  closed(protocol: Protocol): void {
    this.#streams.dec({ protocol });
  }

  sent(type: string, resources: number): void {
    this.#pushes.inc({ type });
    this.#resources.inc({ type }, resources);
  }

  /** `seconds`: since the oldest change that the response brought; absent where it brought none, as the first of a stream. */
  acked(type: string, seconds?: number): void {
    this.#acks.inc({ type });
    if (seconds !== undefined) this.#push.observe({ type }, seconds);
  }

  nacked(type: string): void {
    this.#nacks.inc({ type });
  }

  rejected(type: string): void {
    this.#rejected.inc({ type });
  }

  unknownType(): void {
    this.#unknown.inc();
  }

  forgotten(type: string): void {
    this.#forgotten.inc({ type });
  }

  refused(): void {
    this.#refused.inc();
  }

  unauthenticated(server: "http" | "grpc" | "xds"): void {
    this.#unauthenticated.inc({ server });
  }

  omitted(): void {
    this.#omitted.inc();
  }

  committed(seconds: number): void {
    this.#commits.observe(seconds);
  }

  commitFailed(): void {
    this.#failedCommits.inc();
  }

  /** For one hook of one plugin, of which there are few: what it returns is to be told how long each run took. */
  hookTimer(plugin: string, hook: string): (ms: number) => void {
    const time = { plugin, hook, ms: 0, runs: 0 };
    this.#hookTimes.push(time);
    // Sessions are built by the thousand: summed here, and looked up by labels only when somebody asks.
    return (ms) => {
      time.ms += ms;
      time.runs++;
    };
  }

  /** `hook` is `input` where it is what a session says to the plugin, `background` where it is what `setup` started. */
  pluginFailed(plugin: string, hook: string): void {
    this.#pluginFailures.inc({ plugin, hook });
  }

  /** Prometheus' text format, and its content type. */
  async text(): Promise<{ readonly text: string; readonly contentType: string }> {
    return { text: await this.#registry.metrics(), contentType: this.#registry.contentType };
  }

  #sumHooks(name: string, help: string, valueOf: (time: HookTime) => number): void {
    const times = this.#hookTimes;
    new Counter({
      name,
      help,
      labelNames: ["plugin", "hook"],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const time of times) this.inc({ plugin: time.plugin, hook: time.hook }, valueOf(time));
      },
    });
  }

  #counter(name: string, help: string): Counter<"type"> {
    return new Counter({ name, help, labelNames: ["type"], registers: [this.#registry] });
  }

  #gauge(name: string, help: string, label: "protocol"): Gauge<"protocol"> {
    return new Gauge({ name, help, labelNames: [label], registers: [this.#registry] });
  }
}
