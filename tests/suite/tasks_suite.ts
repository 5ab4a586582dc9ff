import assert from "node:assert/strict";
import type { StoreDouble } from "../../core/source/testdata/store_double.ts";
import { unavailable } from "../../core/source/testdata/store_double.ts";
import { type RegistrarBed, startBed } from "../../core/source/testdata/registrar_bed.ts";
import type { ErrorCode, Issue } from "../../core/signalbox_error.ts";

/** A registration as callers write it, in the words of the REST API. */
export interface NewTask {
  readonly id?: string;
  readonly address?: string;
  readonly port?: number;
  readonly backends?: readonly { readonly address?: string; readonly port?: number; readonly weight?: number }[];
  readonly host?: string;
  readonly aliases?: readonly string[];
  readonly groups?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly plugins?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly ttlMs?: number;
}

/** A session as an API shows it; durations and times in milliseconds. */
export interface TaskView {
  readonly id: string;
  readonly host: string;
  readonly aliases: readonly string[];
  readonly backends: readonly { readonly address: string; readonly port: number; readonly weight: number }[];
  readonly groups?: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly plugins: Readonly<Record<string, unknown>>;
  readonly ttlMs?: number;
  readonly expiresAtMs?: number;
  readonly cluster: string;
  readonly generation: number;
}

export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly issues: readonly Issue[];
}

/** What was answered, or why nothing was done. */
export type Answer<T> = { readonly ok: T } | { readonly refused: Refusal };

export type BatchItem = { readonly remove: string } | { readonly register: NewTask };

export type BatchOutcome = "created" | "there" | "removed" | Pick<Refusal, "code" | "issues">;

/** An API of sessions, by what it does and not by how it says so. */
export interface TasksClient extends AsyncDisposable {
  register(task: NewTask): Promise<Answer<{ readonly created: boolean; readonly task: TaskView }>>;
  remove(id: string): Promise<Answer<{ readonly id: string; readonly generation: number }>>;
  /** With where the Envoys are with it. */
  get(id: string): Promise<Answer<TaskView & { readonly state: string | undefined }>>;
  list(query: {
    readonly limit?: number;
    readonly after?: string;
    readonly labels?: Readonly<Record<string, string>>;
  }): Promise<Answer<{ readonly ids: readonly string[]; readonly next?: string }>>;
  /** Removals come before registrations. */
  batch(items: readonly BatchItem[]): Promise<
    Answer<{ readonly generation: number; readonly outcomes: readonly BatchOutcome[] }>
  >;
}

export interface TasksApiKind {
  readonly name: string;
  /** A client of an API over `bed`; all of it ends with the client. */
  connect(
    bed: RegistrarBed,
    parsing: { readonly domain: string; readonly groups: readonly string[] },
  ): Promise<TasksClient>;
}

const A = { id: "a", address: "10.0.0.1", port: 50051 };

function answered<T>(answer: Answer<T>): T {
  assert("ok" in answer, JSON.stringify(answer));
  return answer.ok;
}

function refused(answer: Answer<unknown>): Refusal {
  assert("refused" in answer, JSON.stringify(answer));
  return answer.refused;
}

/** What every API of sessions does. Registers its tests by `Deno.test`. */
export function testTasks(kind: TasksApiKind): void {
  const test = (name: string, run: (client: TasksClient, store: StoreDouble) => Promise<void>) =>
    Deno.test(`${kind.name}: ${name}`, async () => {
      const bed = await startBed();
      await using client = await kind.connect(bed, { domain: "example.org", groups: ["default", "eu"] });
      await run(client, bed.store);
    });

  test("a session is created with all that it says, and shown so", async (client) => {
    const { created, task } = answered(
      await client.register({
        id: "a",
        backends: [{ address: "10.0.0.1", port: 1 }, { address: "2001:DB8::1", port: 65_535, weight: 7 }],
        host: "Mine.Example.ORG.",
        aliases: ["z.example.org", "b.example.org"],
        groups: ["eu", "default"],
        labels: { team: "x", "example.org/team": "" },
        plugins: { auth: { roles: ["a", null, 1.5, { deep: true }] } },
        ttlMs: 90_500,
      }),
    );
    assert.equal(created, true);
    const expected: TaskView = {
      id: "a",
      host: "mine.example.org",
      aliases: ["b.example.org", "z.example.org"],
      backends: [{ address: "10.0.0.1", port: 1, weight: 1 }, { address: "2001:db8::1", port: 65_535, weight: 7 }],
      groups: ["default", "eu"],
      labels: { team: "x", "example.org/team": "" },
      plugins: { auth: { roles: ["a", null, 1.5, { deep: true }] } },
      ttlMs: 90_500,
      expiresAtMs: 1_000_000 + 90_500,
      cluster: "a",
      generation: 1,
    };
    assert.deepEqual(task, expected);
    assert.deepEqual(answered(await client.get("a")), { ...expected, state: "pending" });
  });

  test("a session that says the least has the rest by default", async (client) => {
    assert.deepEqual(answered(await client.register(A)).task, {
      id: "a",
      host: "a.example.org",
      aliases: [],
      backends: [{ address: "10.0.0.1", port: 50051, weight: 1 }],
      labels: {},
      plugins: {},
      cluster: "a",
      generation: 1,
    });
  });

  test("the same registration again changes nothing", async (client, store) => {
    answered(await client.register(A));
    const { created, task } = answered(
      await client.register({ id: "a", backends: [{ address: "10.0.0.1", port: 50051 }] }),
    );
    assert.deepEqual([created, task.generation, store.commits.length], [false, 1, 1]);
  });

  test("a session moves when it is registered with another address", async (client) => {
    answered(await client.register(A));
    const { created, task } = answered(await client.register({ ...A, address: "10.0.0.2" }));
    assert.deepEqual([created, task.generation, task.backends[0]?.address], [false, 2, "10.0.0.2"]);
  });

  test("a host that another session has is refused, and named", async (client) => {
    answered(await client.register(A));
    assert.deepEqual(refused(await client.register({ ...A, id: "b", host: "a.example.org" })), {
      code: "host_taken",
      message: 'Cannot register "b": host a.example.org is taken',
      issues: [{ path: "host", message: 'is taken: session "a" has a.example.org' }],
    });
    const { issues } = refused(await client.register({ ...A, id: "b", aliases: ["a.example.org"] }));
    assert.deepEqual(issues.map(({ path }) => path), ["aliases"]);
    assert.equal(refused(await client.get("b")).code, "not_found");
  });

  test("fields that are not acceptable are refused with the path of each", async (client, store) => {
    const { code, message, issues } = refused(
      await client.register({
        id: "A",
        port: 70_000,
        backends: [{ address: "10.0.0.1", port: 1 }, { address: "here", weight: 1_000_001 }],
        host: "10.0.0.1",
        aliases: ["ok.example.org", "*.example.org"],
        labels: { "-": "x", team: "a b" },
        plugins: { "a b": {} },
        ttlMs: 5,
      }),
    );
    assert.deepEqual([code, message], ["invalid_request", "Cannot register the session: it is not acceptable"]);
    const inOrder = issues.toSorted((a, b) => `${a.path} ${a.message}` < `${b.path} ${b.message}` ? -1 : 1);
    assert.deepEqual(inOrder, [
      { path: "aliases[1]", message: 'must be one DNS name, without a wildcard, got "*.example.org"' },
      {
        path: "backends[1].address",
        message: 'must be an IP address such as 10.0.0.1 or 2001:db8::1, not a name, got "here"',
      },
      { path: "backends[1].port", message: "is required" },
      { path: "backends[1].weight", message: "must be a whole number from 1 to 1000000, got 1000001" },
      { path: "host", message: 'must be a DNS name, not an IP address, got "10.0.0.1"' },
      { path: "id", message: 'must be a DNS label: 1 to 63 of a-z, 0-9 and inner hyphens, got "A"' },
      {
        path: "labels.team",
        message:
          "must be at most 63 letters, digits, '-', '_' and '.', and begin and end with a letter or digit, got \"a b\"",
      },
      {
        path: 'labels["-"]',
        message: "must have a key of 1 to 63 letters, digits, '-', '_' and '.', after an optional DNS name and '/'",
      },
      { path: 'plugins["a b"]', message: "must have a plugin's name for a key" },
      { path: "port", message: "must be a whole number from 1 to 65535, got 70000" },
      { path: "port", message: "must be left out where there are backends" },
      { path: "ttl", message: 'must be from 1s to 30d, got "5ms"' },
    ]);
    assert.equal(store.attempts, 0);
  });

  test("a group that there is not is refused", async (client) => {
    assert.deepEqual(refused(await client.register({ ...A, groups: ["eu", "us"] })).issues, [
      { path: "groups[1]", message: 'there is no group "us", only default, eu' },
    ]);
  });

  test("what is missing is refused", async (client) => {
    const { code, issues } = refused(await client.register({}));
    assert.deepEqual([code, issues.map(({ path, message }) => `${path} ${message}`)], ["invalid_request", [
      "id is required",
      "address is required, for there are no backends",
      "port is required, for there are no backends",
    ]]);
  });

  test("a session of which no resources can be made is refused, with the plugin's words", async (client) => {
    const { code, issues } = refused(await client.register({ ...A, labels: { build: "fails" } }));
    assert.deepEqual([code, issues], ["invalid_request", [
      { path: "plugins.auth", message: "is odd (plugin auth, hook route)" },
    ]]);
  });

  test("a defect is told without a word of what it was", async (client) => {
    assert.deepEqual(refused(await client.register({ ...A, labels: { build: "throws" } })), {
      code: "internal",
      message: "Signalbox's log says more.",
      issues: [],
    });
  });

  test("a store that fails is said to be unavailable, and nothing has changed", async (client, store) => {
    store.failure = unavailable();
    assert.deepEqual(refused(await client.register(A)), {
      code: "store_unavailable",
      message: "Cannot write the store: the disk is gone",
      issues: [],
    });
    store.failure = undefined;
    assert.equal(refused(await client.get("a")).code, "not_found");
  });

  test("a session that is removed is gone, and cannot be removed again", async (client) => {
    answered(await client.register(A));
    assert.deepEqual(answered(await client.remove("a")), { id: "a", generation: 2 });
    assert.deepEqual(refused(await client.get("a")), {
      code: "not_found",
      message: 'Cannot get session "a": there is none',
      issues: [],
    });
    assert.equal(refused(await client.remove("a")).code, "not_found");
  });

  test("sessions are listed in the order of their ids, page after page", async (client) => {
    for (const id of ["c", "a", "e", "b", "d"]) answered(await client.register({ ...A, id }));
    assert.deepEqual(answered(await client.list({})), { ids: ["a", "b", "c", "d", "e"] });
    assert.deepEqual(answered(await client.list({ limit: 2 })), { ids: ["a", "b"], next: "b" });
    assert.deepEqual(answered(await client.list({ limit: 2, after: "b" })), { ids: ["c", "d"], next: "d" });
    assert.deepEqual(answered(await client.list({ limit: 2, after: "d" })), { ids: ["e"] });
  });

  test("sessions are listed by labels, of which all must hold", async (client) => {
    for (const [id, labels] of [["a", { t: "x" }], ["b", { t: "x", u: "" }], ["c", { t: "y", u: "" }]] as const) {
      answered(await client.register({ ...A, id, labels }));
    }
    assert.deepEqual(answered(await client.list({ labels: { t: "x" } })).ids, ["a", "b"]);
    assert.deepEqual(answered(await client.list({ labels: { t: "x", u: "" } })).ids, ["b"]);
    assert.deepEqual(answered(await client.list({ labels: { t: "z" } })).ids, []);
    assert.deepEqual(answered(await client.list({ limit: 1, labels: { u: "" } })), { ids: ["b"], next: "b" });
  });

  test("a page of more than 1,000 is refused", async (client) => {
    assert.deepEqual(refused(await client.list({ limit: 1_001 })), {
      code: "invalid_request",
      message: "Cannot list sessions: the query is not acceptable",
      issues: [{ path: "limit", message: "must be a whole number from 1 to 1000" }],
    });
  });

  test("a batch does in one commit what can be done, and says why the rest cannot", async (client, store) => {
    answered(await client.register(A));
    const outcome = answered(
      await client.batch([
        { remove: "gone" },
        { remove: "a" },
        { register: { ...A, id: "b", host: "a.example.org" } },
        { register: { ...A, id: "c", host: "a.example.org" } },
        { register: { id: "d", address: "10.0.0.1" } },
        { register: { ...A, id: "b", host: "a.example.org" } },
      ]),
    );
    assert.deepEqual(outcome, {
      generation: 2,
      outcomes: [
        { code: "not_found", issues: [] },
        "removed",
        "created",
        { code: "host_taken", issues: [{ path: "host", message: 'is taken: session "b" has a.example.org' }] },
        { code: "invalid_request", issues: [{ path: "port", message: "is required, for there are no backends" }] },
        "there",
      ],
    });
    assert.equal(store.commits.length, 2);
    assert.deepEqual(answered(await client.list({})).ids, ["b"]);
  });

  test("a batch of nothing changes nothing, and one of more than 10,000 is refused", async (client, store) => {
    assert.deepEqual(answered(await client.batch([])), { generation: 0, outcomes: [] });
    const many = Array.from({ length: 10_001 }, (_, i) => ({ remove: `s-${i}` }));
    const { code, issues } = refused(await client.batch(many));
    assert.deepEqual([code, issues.map(({ message }) => message), store.attempts], ["invalid_request", [
      "must have at most 10000 items, got 10001",
    ], 0]);
  });
}
