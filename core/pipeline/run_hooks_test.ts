import assert from "node:assert/strict";
import { HookFailure } from "./failure.ts";
import { type HookPoint, runHooks, type Step } from "./run_hooks.ts";

interface Subject {
  readonly name: string;
  readonly tags?: readonly string[];
}

const A: Subject = { name: "a", tags: ["x"] };
const B: Subject = { name: "b" };

type Run = (subject: Subject) => unknown;

function step(plugin: string, run: Run): Step<Run> {
  return { plugin, index: 0, run };
}

const POINT: HookPoint<Subject, Run> = { name: "cluster", steps: [], call: ({ run }, subject) => run(subject) };

function run(hook: (subject: Subject) => unknown, subjects: readonly Subject[] = [A, B]) {
  return runHooks({ ...POINT, steps: [step("p", hook)] }, subjects);
}

function failureOf(
  point: Partial<HookPoint<Subject, Run>>,
  subjects: readonly Subject[] = [{ name: "a", tags: ["x"] }],
) {
  try {
    runHooks({ ...POINT, ...point }, subjects);
  } catch (thrown) {
    assert.ok(thrown instanceof HookFailure, String(thrown));
    const [failure, ...more] = thrown.failures.map(({ cause: _, ...failure }) => failure);
    assert.deepEqual(more, []);
    return failure;
  }
  return assert.fail("nothing was thrown");
}

Deno.test("runHooks() keeps a subject when the hook gives nothing", () => {
  assert.deepEqual(run(() => undefined), [A, B]);
});

Deno.test("runHooks() replaces a subject when the hook gives a value", () => {
  assert.deepEqual(run((subject) => subject.name === "a" ? { name: "c" } : undefined), [{ name: "c" }, B]);
});

Deno.test("runHooks() fans out when the hook gives an array, in its place", () => {
  const fanOut = (subject: Subject) => subject.name === "a" ? [subject, { name: "c" }] : undefined;
  assert.deepEqual(run(fanOut), [A, { name: "c" }, B]);
});

Deno.test("runHooks() drops a subject when the hook gives an empty array", () => {
  assert.deepEqual(run((subject) => subject.name === "a" ? [] : undefined), [B]);
});

Deno.test("runHooks() lets each plugin see what the one before it left, all subjects of one after the other", () => {
  const seen: string[] = [];
  const steps = [
    step("first", (subject) => (seen.push(`first ${subject.name}`), [subject, { name: `${subject.name}2` }])),
    step("second", (subject) => (seen.push(`second ${subject.name}`), subject.name === "b" ? [] : undefined)),
    step("third", (subject) => (seen.push(`third ${subject.name}`), undefined)),
  ];
  const left = runHooks({ ...POINT, steps }, [{ name: "a" }, { name: "b" }]);
  assert.deepEqual(left, [{ name: "a" }, { name: "a2" }, { name: "b2" }]);
  assert.deepEqual(seen, [
    ...["first a", "first b"],
    ...["second a", "second a2", "second b", "second b2"],
    ...["third a", "third a2", "third b2"],
  ]);
});

Deno.test("runHooks() turns a write to a subject into a failure of the plugin that wrote", () => {
  const failure = failureOf({ steps: [step("writer", (subject) => void Object.assign(subject, { name: "z" }))] });
  assert.equal(failure?.plugin, "writer");
  assert.equal(failure?.hook, "cluster");
  assert.match(failure?.message ?? "", /read only/);
});

Deno.test("runHooks() freezes the inside of subjects, and what hooks give back", () => {
  const push = (subject: Subject) => void (subject.tags as string[]).push("y");
  assert.equal(failureOf({ steps: [step("p", push)] })?.plugin, "p");
  const kept = { name: "c", tags: Object.freeze(["x"]) };
  const steps = [step("giver", () => Object.freeze({ ...kept, tags: ["x"] })), step("writer", push)];
  assert.equal(failureOf({ steps })?.plugin, "writer");
});

Deno.test("runHooks() turns what a hook throws into a failure with its cause", () => {
  const cause = new Error("no such tenant");
  const point = { ...POINT, name: "route" as const, steps: [step("auth", () => assert.fail(cause))] };
  assert.throws(() => runHooks(point, [A]), (thrown: unknown) => {
    assert.ok(thrown instanceof HookFailure);
    assert.equal(thrown.message, 'Plugin "auth" failed in "route": no such tenant');
    assert.deepEqual(thrown.failures, [{ plugin: "auth", hook: "route", path: "", message: "no such tenant", cause }]);
    return true;
  });
});

for (
  const [what, thrown, message] of [
    ["a string", "no", "no"],
    ["null", null, "threw null"],
    ["an object that has no text", Object.create(null), "threw object"],
    ["an error that says nothing", new RangeError(), "RangeError"],
  ] as const
) {
  Deno.test(`runHooks() says what happened when a hook throws ${what}`, () => {
    const steps = [step("p", () => {
      throw thrown;
    })];
    assert.equal(failureOf({ steps })?.message, message);
  });
}

for (
  const [what, result, kind] of [
    ["null", null, "null"],
    ["false", false, "boolean"],
    ["a string", "x", "string"],
    ["a function", () => {}, "function"],
    ["an array with a hole", new Array(1), "undefined"],
    ["an array with null", [A, null], "null"],
    ["an array in an array", [[A]], "an array in an array"],
  ] as const
) {
  Deno.test(`runHooks() refuses ${what}`, () => {
    const message = `must give back an object, an array of objects or nothing, gave ${kind}`;
    const expected = { plugin: "p", hook: "cluster", path: "", message };
    assert.deepEqual(failureOf({ steps: [step("p", () => result)] }), expected);
  });
}

for (
  const [what, result] of [
    ["a promise", Promise.resolve(A)],
    ["a thenable", { name: "a", then: () => {} }],
    ["an array of promises", [Promise.resolve(A)]],
  ] as const
) {
  Deno.test(`runHooks() refuses ${what}`, () => {
    const failure = failureOf({ steps: [step("p", () => result)] });
    assert.equal(failure?.message, "must not give back a promise: hooks are synchronous");
  });
}

Deno.test("runHooks() does not let the rejection of an asynchronous hook end the process", async () => {
  const rejected = Promise.withResolvers<never>();
  failureOf({ steps: [step("p", () => rejected.promise)] });
  failureOf({ steps: [step("p", () => [rejected.promise, Promise.reject(new Error("second"))])] });
  rejected.reject(new Error("first"));
  // The test runner fails a test with an unhandled rejection, which is reported a turn later.
  await new Promise<void>((resolve) => setImmediate(resolve));
});

Deno.test("runHooks() refuses a value that contains itself, and one whose reading throws", () => {
  const circular: Record<string, unknown> = { name: "a" };
  circular["self"] = [circular];
  assert.equal(failureOf({ steps: [step("p", () => circular)] })?.message, "must not contain itself");
  const broken = {
    get name() {
      return assert.fail("no name");
    },
  };
  assert.equal(failureOf({ steps: [step("p", () => broken)] })?.message, "no name");
});

Deno.test("runHooks() takes what was settled, and blames the step whose result could not be", () => {
  const steps = [
    step("first", () => ({ name: "good" })),
    step("keeper", () => {}),
    step("last", () => ({ name: "bad" })),
  ];
  const changes: string[] = [];
  const point: HookPoint<Subject, Run> = {
    ...POINT,
    name: "session",
    steps,
    settle: (subjects) =>
      subjects.some(({ name }) => name === "bad")
        ? { ok: false, issues: [{ path: "name", message: "is bad" }] }
        : { ok: true, subjects: subjects.map(({ name }) => ({ name: name.toUpperCase() })) },
    onChange: ({ plugin }) => changes.push(plugin),
  };
  assert.deepEqual(failureOf(point, [A]), { plugin: "last", hook: "session", path: "name", message: "is bad" });
  assert.deepEqual(changes, ["first"]);
  assert.deepEqual(runHooks({ ...point, steps: steps.slice(0, 2) }, [A]), [{ name: "GOOD" }]);
});
