import assert from "node:assert/strict";
import type { HookSet } from "../plugin/hook_set.ts";
import type { HookName, Hooks } from "../plugin/hooks.ts";
import { decodeMessage } from "../proto/codec.ts";
import type { Session } from "../session/session.ts";
import { CLUSTER, SECRET } from "./check_messages.ts";
import { createPipeline, type PipelineOptions } from "./pipeline.ts";

function session(id: string, plugins: Session["plugins"] = {}, labels: Session["labels"] = {}): Session {
  return {
    ...{ id, plugins, labels },
    host: `${id}.example.org`,
    aliases: [],
    backends: [{ address: "10.0.0.1", port: 50051, weight: 1 }],
  };
}

const set = (plugin: string, hooks: Hooks<never>, more: Partial<HookSet> = {}): HookSet => ({ plugin, hooks, ...more });

function build(subject: Session, hookSets: readonly HookSet[], options: Partial<PipelineOptions> = {}) {
  const result = createPipeline({ hookSets, ...options }).build(subject);
  return result.ok ? result : assert.fail(JSON.stringify(result.failures));
}

function failures(subject: Session, hookSets: readonly HookSet[]) {
  const result = createPipeline({ hookSets }).build(subject);
  return result.ok ? assert.fail("was built") : result.failures.map(({ cause: _, ...failure }) => failure);
}

/** Takes an object with a `token`, or nothing. */
const readInput: HookSet["readInput"] = (said) => {
  if (said === undefined) return { ok: true, input: undefined };
  const isRight = typeof said === "object" && said !== null && "token" in said && typeof said.token === "string";
  return isRight
    ? { ok: true, input: { read: said } }
    : { ok: false, issues: [{ path: "token", message: "is required" }] };
};

const altStatName = (fragment: ReturnType<typeof build>["fragment"]) =>
  decodeMessage(CLUSTER, fragment.clusters[0]?.body ?? assert.fail()).altStatName;

const append = (name: string): Hooks<never> => ({
  cluster: (cluster) => ({ ...cluster, altStatName: `${cluster.altStatName ?? ""}${name}` }),
});

Deno.test("build() runs pre hooks first and post hooks last, else plugins as they are configured", () => {
  const ordered = (order: "pre" | "post", name: string): Hooks<never> => {
    const run = append(name).cluster;
    return typeof run === "function" ? { cluster: { order, run } } : assert.fail();
  };
  const { fragment } = build(session("s1"), [
    set("a", ordered("post", "a")),
    set("b", append("b")),
    set("c", ordered("pre", "c")),
    set("d", ordered("post", "d")),
    set("e", append("e")),
    set("f", ordered("pre", "f")),
  ]);
  assert.equal(altStatName(fragment), "cfbead");
});

Deno.test("build() gives each plugin what the session says to it, read once for all its hooks, frozen", () => {
  const seen: [string, unknown][] = [];
  let reads = 0;
  const look = (name: string): Hooks<never> => ({
    cluster: (_, { input }) => void seen.push([name, input]),
    route: (_, { input }) => void seen.push([name, input]),
  });
  const counted: HookSet["readInput"] = (said) => {
    reads++;
    return readInput(said);
  };
  build(session("s1", { p: { token: "a" } }), [
    set("p", look("p"), { readInput: counted }),
    set("q", look("q"), { readInput }),
    set("r", look("r")),
  ]);
  const said = { read: { token: "a" } };
  assert.deepEqual(seen, [["p", said], ["q", undefined], ["r", undefined], ["p", said], ["q", undefined], [
    "r",
    undefined,
  ]]);
  assert.equal(reads, 1);
  assert(Object.isFrozen(seen[0]?.[1]));
});

Deno.test("build() refuses all at once what sessions say wrongly, to a plugin that takes nothing, and to no plugin", () => {
  const hookSets = [set("auth-headers", {}, { readInput }), set("q", {}, { readInput }), set("r", {})];
  const subject = session("s1", { "auth-headers": {}, q: { token: "a" }, r: {}, "x.y": { token: "a" } });
  assert.deepEqual(failures(subject, hookSets), [
    { plugin: "auth-headers", path: "plugins.auth-headers.token", message: "is required" },
    { plugin: "r", path: "plugins.r", message: "is not asked for: the plugin takes nothing of sessions" },
    { path: 'plugins["x.y"]', message: "there is no plugin of this name" },
  ]);
  assert.deepEqual(failures(session("s1", { p: {} }), []), [
    { path: "plugins.p", message: "there is no plugin of this name" },
  ]);
});

Deno.test("build() reads what a session hook has the session say, and blames it where that is wrong", () => {
  const seen: unknown[] = [];
  const look = set("p", { cluster: (_, { input }) => void seen.push(input) }, { readInput });
  const says = (said: unknown) => set("s", { session: (subject) => ({ ...subject, plugins: { p: said } }) });
  build(session("s1"), [says({ token: "a" }), look]);
  assert.deepEqual(seen, [{ read: { token: "a" } }]);
  const [failure] = failures(session("s1"), [says({}), look]);
  assert.deepEqual([failure?.plugin, failure?.hook, failure?.path], ["s", "session", "plugins.p.token"]);
});

Deno.test("build() collects the secrets that plugins give, under names that are the session's own", () => {
  const { fragment } = build(session("s1"), [
    set("p", { secret: ({ session }) => ({ name: `${session.id}/p`, genericSecret: {} }) }),
    set("q", { secret: () => {} }),
    set("r", {
      secret: ({ session }) => [{ name: session.host, tlsCertificate: {} }, { name: "s1/r", genericSecret: {} }],
    }),
  ]);
  assert.deepEqual(fragment.secrets.map(({ name }) => name), ["s1/p", "s1.example.org", "s1/r"]);
  assert.equal(decodeMessage(SECRET, fragment.secrets[1]?.body ?? assert.fail()).name, "s1.example.org");
  const stolen = set("thief", { secret: () => ({ name: "s2/r", genericSecret: {} }) });
  const [failure] = failures(session("s1"), [set("p", { secret: () => [] }), stolen]);
  assert.deepEqual([failure?.plugin, failure?.hook, failure?.path], ["thief", "secret", "secrets[0].name"]);
});

Deno.test("build() lets routes lead to clusters that belong to no session, and to no others", () => {
  const lead = set("p", { route: (route) => ({ ...route, route: { cluster: "p:waiting-room" } }) });
  build(session("s1"), [lead], { sharedClusters: [{ name: "p:waiting-room" }] });
  const [failure] = failures(session("s1"), [lead]);
  assert.deepEqual([failure?.plugin, failure?.message], ["p", 'there is no cluster "p:waiting-room"']);
});

const picky = (onError: HookSet["onError"], hook: "cluster" | "route" = "cluster"): HookSet => ({
  plugin: `picky-${onError}-${hook}`,
  hooks: {
    [hook]: (_: unknown, { session }: { readonly session: Session }) => {
      if (session.labels["picky"] === "true") throw new Error("not this one");
    },
  },
  ...(onError && { onError }),
});

const PICKED = { picky: "true" };

Deno.test("build() does without a plugin that fails and may be skipped, in all of its hooks, and says so", () => {
  const both = set("both", { ...append("x"), route: () => assert.fail("no route today") }, { onError: "skip" });
  const rest = set("rest", append("y"));
  const built = build(session("s1"), [both, rest]);
  assert.deepEqual(built.fragment, build(session("s1"), [rest]).fragment);
  assert.deepEqual(built.skipped?.map(({ plugin, hook, message }) => [plugin, hook, message]), [
    ["both", "route", "no route today"],
  ]);
});

Deno.test("build() skips one plugin after the other, and fails with the first that may not be skipped", () => {
  const hookSets = [picky("skip"), picky("skip", "route"), set("rest", append("y"))];
  const built = build(session("s1", {}, PICKED), hookSets);
  assert.deepEqual(built.skipped?.map(({ plugin }) => plugin), ["picky-skip-cluster", "picky-skip-route"]);
  assert.equal(altStatName(built.fragment), "y");
  const [failure, ...more] = failures(session("s1", {}, PICKED), [...hookSets, picky("withdraw")]);
  assert.deepEqual([failure?.plugin, more], ["picky-withdraw-cluster", []]);
});

Deno.test("build() skips a plugin that is found to be to blame only at the end", () => {
  const wrong = set("wrong", { cluster: (cluster) => ({ ...cluster, name: "s2" }) }, { onError: "skip" });
  const built = build(session("s1"), [wrong, set("rest", append("y"))]);
  assert.deepEqual(built.skipped?.map(({ plugin, hook, path }) => [plugin, hook, path]), [
    ["wrong", "cluster", "clusters[0].name"],
  ]);
});

Deno.test("build() does not skip a plugin because a session says something wrong to it", () => {
  const result = createPipeline({ hookSets: [set("p", {}, { readInput, onError: "skip" })] })
    .build(session("s1", { p: {} }));
  assert.deepEqual(result.ok ? "built" : result.withdraw, false);
});

for (const [onError, withdraw] of [[undefined, false], ["keep-last", false], ["withdraw", true]] as const) {
  Deno.test(`build() says what is to become of what is served: onError is ${onError}`, () => {
    const result = createPipeline({ hookSets: [picky(onError)] }).build(session("s1", {}, PICKED));
    assert.deepEqual(result.ok ? "built" : result.withdraw, withdraw);
  });
}

Deno.test("build() fails one session by a plugin, and 1,000 others are the same to the byte", () => {
  const rest = set("rest", append("y"));
  const [without, withPicky] = [[rest], [picky(undefined), rest]].map((hookSets) => createPipeline({ hookSets }));
  for (let i = 0; i < 1_000; i++) {
    const subject = session(`s${i}`);
    assert.deepEqual(withPicky?.build(subject), without?.build(subject));
  }
  assert.equal(withPicky?.build(session("s1", {}, PICKED)).ok, false);
});

Deno.test("build() measures every hook that runs, also one that throws, by plugin and hook", () => {
  let nowMs = 0;
  const took: [string, HookName, number][] = [];
  const timers: string[] = [];
  const clock = {
    now: () => nowMs,
    timer(plugin: string, hook: HookName) {
      timers.push(`${plugin} ${hook}`);
      return (ms: number) => void took.push([plugin, hook, ms]);
    },
  };
  const slow = (ms: number) => () => void (nowMs += ms);
  const throwing = () => {
    nowMs += 7;
    throw new Error("slow and wrong");
  };
  const hookSets = [
    set("p", { cluster: slow(2), route: slow(3) }),
    set("q", { secret: slow(4), virtualHost: throwing }),
  ];
  const pipeline = createPipeline({ hookSets, clock });
  pipeline.build(session("s1"));
  assert.deepEqual(took, [["p", "cluster", 2], ["q", "secret", 4], ["p", "route", 3], ["q", "virtualHost", 7]]);
  assert.deepEqual(timers.toSorted(), ["p cluster", "p route", "q secret", "q virtualHost"]);
});
