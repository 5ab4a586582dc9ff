import assert from "node:assert/strict";
import { join } from "node:path";
import { Command } from "commander";
import { OPEN_ACCESS } from "../core/access/access.ts";
import type { CommandIo } from "../core/command/command_io.ts";
import { addSessionsCommand } from "../core/command/sessions.ts";
import { parseConfig } from "../core/config/parse_config.ts";
import { addGuard } from "../core/http/guard.ts";
import { startHttpServer } from "../core/http/http_server.ts";
import { readJsonBody } from "../core/http/json_body.ts";
import { addProbes } from "../core/http/operator_api.ts";
import { createRouter } from "../core/http/router.ts";
import { ERROR_CODES, type ErrorCode, SignalboxError } from "../core/signalbox_error.ts";
import { ENVOY, SHOWN, startTasksBed, TASK } from "../core/source/tasks/testdata/tasks_bed.ts";
import { sampleSession } from "../core/source/testdata/registrar_bed.ts";
import { unavailable } from "../core/source/testdata/store_double.ts";
import { openSqliteStore } from "../core/store/sqlite_store.ts";
import { sampleRecord } from "./suite/store_suite.ts";

const SILENT: CommandIo = {
  in: () => assert.fail("nothing is read"),
  out() {},
  err() {},
  env: () => undefined,
  fetch: () => assert.fail("nothing should be fetched"),
  createSignalbox: () => assert.fail("Signalbox should not be started"),
  untilStopped: () => assert.fail("nothing should wait"),
};

/** What is thrown, or the code of the problem that is answered. */
type Seen = Promise<unknown>;

const post = async (body: unknown, headers?: Readonly<Record<string, string>>): Seen =>
  (await (await startTasksBed()).ask("POST", "/xds/tasks", body, headers)).body;

async function inFolder(run: (path: string) => Seen): Seen {
  const folder = await Deno.makeTempDir();
  try {
    return await run(join(folder, "s.db"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** How each code comes about. */
const PROVOKED: Readonly<Record<ErrorCode, () => Seen>> = {
  malformed_request: () => post("{"),
  invalid_request: () => post({ ...TASK, port: 0 }),
  async not_found() {
    return (await (await startTasksBed()).ask("GET", "/xds/tasks/none")).body;
  },
  async method_not_allowed() {
    return (await (await startTasksBed()).ask("PATCH", "/xds/tasks")).body;
  },
  async host_taken() {
    const bed = await startTasksBed();
    await bed.ask("POST", "/xds/tasks", TASK);
    return (await bed.ask("POST", "/xds/tasks", { ...TASK, id: "b", host: "session-1.example.org" })).body;
  },
  async session_owned() {
    const bed = await startTasksBed();
    bed.registrar.observe([{ kind: "present", session: sampleSession(TASK.id), owner: "pod a" }], () => {});
    return (await bed.ask("POST", "/xds/tasks", TASK)).body;
  },
  async rejected_by_envoy() {
    const bed = await startTasksBed();
    bed.deliveries.opened(ENVOY, 0);
    bed.deliveries.rejected(ENVOY, TASK.id, { resource: TASK.id, type: "cluster", message: "no" }, () => true);
    return (await bed.ask("POST", "/xds/tasks?wait=live", TASK)).body;
  },
  async not_live() {
    const answer = { ...SHOWN, delivery: { state: "pending", envoys: [] } };
    const program = new Command();
    addSessionsCommand(program, { ...SILENT, fetch: () => Promise.resolve(Response.json(answer, { status: 202 })) });
    await program.parseAsync(["sessions", "add", "a", "10.0.0.1:1", "--wait", "--json"], { from: "user" });
  },
  body_too_large: () => post("x".repeat(2_000_000)),
  unsupported_media_type: () => post("{}", { "content-type": "text/plain" }),
  request_timeout() {
    const body = new ReadableStream({ pull: () => new Promise(() => {}) });
    const request = new Request("http://a/", { method: "POST", body, headers: { "content-type": "application/json" } });
    return readJsonBody(request, { maxBytes: 1, timeoutMs: 1 });
  },
  async store_unavailable() {
    const bed = await startTasksBed();
    bed.store.failure = unavailable();
    return (await bed.ask("POST", "/xds/tasks", TASK)).body;
  },
  store_full: () =>
    inFolder(async (path) => {
      const store = await openSqliteStore(path, { maxPages: 5 });
      try {
        const puts = Array.from({ length: 500 }, (_, i) => ({ kind: "put", record: sampleRecord(`s-${i}`) }) as const);
        await store.commit(1, puts);
      } finally {
        await store.close();
      }
    }),
  store_locked: () =>
    inFolder(async (path) => {
      const store = await openSqliteStore(path);
      try {
        await openSqliteStore(path);
      } finally {
        await store.close();
      }
    }),
  store_damaged: () =>
    inFolder(async (path) => {
      await Deno.writeTextFile(path, "no database");
      await openSqliteStore(path);
    }),
  // deno-lint-ignore require-await -- what throws must reject
  async invalid_config() {
    parseConfig("domain: ''", { baseDir: "/" });
  },
  async address_in_use() {
    const options = { address: "127.0.0.1", handler: () => new Response() };
    const server = await startHttpServer({ ...options, port: 0 });
    try {
      await startHttpServer({ ...options, port: server.port });
    } finally {
      await server.close();
    }
  },
  async not_ready() {
    const router = createRouter();
    addProbes(router, { phase: () => "starting" });
    return await (await router.request("/readyz")).json();
  },
  async unauthenticated() {
    const router = createRouter();
    addGuard(router, { access: { ...OPEN_ACCESS, identify: () => undefined }, loopback: true });
    return await (await router.request("/xds/tasks")).json();
  },
  async forbidden() {
    const router = createRouter();
    addGuard(router, { access: OPEN_ACCESS, loopback: true });
    return await (await router.request("http://page.example/xds/tasks")).json();
  },
  internal: () => post({ ...TASK, labels: { build: "throws" } }),
};

for (const [code, provoke] of Object.entries(PROVOKED)) {
  Deno.test(`error code ${code} comes about as it says`, async () => {
    const seen = await provoke().catch((thrown: unknown) => {
      assert(thrown instanceof SignalboxError, String(thrown));
      return thrown;
    });
    assert.equal(Object(seen).code, code);
  });
}

Deno.test("README lists every error code with its status and its meaning", async () => {
  const readme = await Deno.readTextFile("README.md");
  const rows = [...readme.matchAll(/^\| `([a-z_]+)` +\| (\d{3}) +\| (.+?) +\|$/gm)]
    .map(([, code, status, meaning]) => [code, Number(status), meaning]);
  const codes = Object.entries(ERROR_CODES).map(([code, { http, meaning }]) => [code, http, meaning]);
  assert.deepEqual(rows, codes);
});
