import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CommandIo } from "./command_io.ts";
import { runCommand, withFolder } from "./testdata/test_io.ts";

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly body: unknown;
}

/** A server that answers in turn, and what it was asked. */
function fakeServer(...answers: readonly Response[]): { seen: Seen[]; fetch: CommandIo["fetch"] } {
  const seen: Seen[] = [];
  return {
    seen,
    fetch: (url, init) => {
      const body: unknown = typeof init.body === "string" ? JSON.parse(init.body) : undefined;
      seen.push({ method: init.method ?? "GET", url: String(url), body });
      const answer = answers[seen.length - 1];
      return answer === undefined ? assert.fail("one request too many") : Promise.resolve(answer);
    },
  };
}

const session = (id: string) => ({
  id,
  host: `${id}.example.org`,
  aliases: [],
  backends: [{ address: "10.0.0.7", port: 50051, weight: 1 }],
  labels: {},
  plugins: {},
  cluster: id,
  generation: 7,
});

const blue = {
  ...session("session-2"),
  aliases: ["b.example.org"],
  backends: [{ address: "2001:db8::1", port: 80, weight: 3 }, { address: "10.0.0.8", port: 81, weight: 1 }],
  labels: { team: "blue", a: "" },
  expiresAt: "2030-01-01T00:00:00.000Z",
};

const BASE = "http://127.0.0.1:8080/xds/tasks";

Deno.test("sessions list prints a table of every page", async () => {
  const { seen, fetch } = fakeServer(
    Response.json({ tasks: [session("a")], next: "a b" }),
    Response.json({ tasks: [blue, { ...session("waits"), backends: [] }] }),
  );
  const outcome = await runCommand(["sessions", "list", "-l", "team=blue", "--label", "x=a=b&c"], { fetch });
  assert.deepEqual(outcome, {
    code: 0,
    out: `\
ID         HOST                   BACKENDS                        EXPIRES                   LABELS
a          a.example.org          10.0.0.7:50051                  -                         -
session-2  session-2.example.org  [2001:db8::1]:80*3,10.0.0.8:81  2030-01-01T00:00:00.000Z  team=blue,a=
waits      waits.example.org      -                               -                         -
`,
    err: "",
  });
  const query = "?limit=1000&label=team%3Dblue&label=x%3Da%3Db%26c";
  assert.deepEqual(seen.map(({ url }) => url), [`${BASE}${query}`, `${BASE}${query}&after=a+b`]);
});

Deno.test("sessions list prints no table when there are none, and JSON with --json", async () => {
  const empty = await runCommand(["sessions", "list"], fakeServer(Response.json({ tasks: [] })));
  assert.deepEqual(empty, { code: 0, out: "", err: "no sessions\n" });
  const json = await runCommand(["sessions", "list", "--json"], fakeServer(Response.json({ tasks: [blue] })));
  assert.deepEqual(JSON.parse(json.out), { tasks: [blue] });
});

Deno.test("sessions get prints one session as YAML, or JSON with --json", async () => {
  const { seen, fetch } = fakeServer(Response.json(session("a")));
  const { out } = await runCommand(["sessions", "get", "a/b"], { fetch });
  assert.match(out, /^id: a\nhost: a\.example\.org\n/);
  assert.match(out, /^generation: 7$/m);
  assert.deepEqual(seen, [{ method: "GET", url: `${BASE}/a%2Fb`, body: undefined }]);
  const json = await runCommand(["sessions", "get", "a", "--json"], fakeServer(Response.json(session("a"))));
  assert.deepEqual(JSON.parse(json.out), session("a"));
});

Deno.test("sessions add posts what the arguments say and prints where it leads", async () => {
  const { seen, fetch } = fakeServer(Response.json(blue, { status: 201 }));
  const options = [
    "--host",
    "h.example.org",
    "--alias",
    "b.example.org",
    "--alias",
    "c",
    "-l",
    "team=blue",
    "--ttl",
    "1h30m",
    "--group",
    "eu",
  ];
  const { code, out } = await runCommand(["sessions", "add", "session-2", "[::1]:80", "10.0.0.8:81", ...options], {
    fetch,
  });
  assert.equal(code, 0);
  assert.equal(
    out,
    "session-2 added: session-2.example.org, b.example.org -> [2001:db8::1]:80*3,10.0.0.8:81\n",
  );
  assert.deepEqual(seen, [{
    method: "POST",
    url: BASE,
    body: {
      id: "session-2",
      backends: [{ address: "::1", port: 80 }, { address: "10.0.0.8", port: 81 }],
      host: "h.example.org",
      aliases: ["b.example.org", "c"],
      labels: { team: "blue" },
      groups: ["eu"],
      ttl: "1h30m",
    },
  }]);
});

Deno.test("sessions add --file posts what is in the file, or in standard input", () =>
  withFolder(async (folder) => {
    const body = { id: "session-2", backends: [{ address: "10.0.0.8", port: 81, weight: 2 }], plugins: { tenant: {} } };
    const file = join(folder, "session.json");
    await Deno.writeTextFile(file, JSON.stringify(body));
    const readInput = () => Promise.resolve(JSON.stringify(body));
    for (const [name, world] of [[file, {}], ["-", { in: readInput }]] as const) {
      const { seen, fetch } = fakeServer(Response.json(blue, { status: 201 }));
      assert.equal((await runCommand(["sessions", "add", "--file", name], { fetch, ...world })).code, 0);
      assert.deepEqual(seen, [{ method: "POST", url: BASE, body }]);
    }
    const bad = await runCommand(["sessions", "add", "-f", "-"], { in: () => Promise.resolve("{") });
    assert.match(bad.err, /^error: Cannot read "-" as JSON: /);
    const none = await runCommand(["sessions", "add", "-f", join(folder, "none.json")]);
    assert.match(none.err, /^error: Cannot read ".*none\.json": there is no such file\n$/);
  }));

Deno.test("sessions add sends nothing that was not said, and says so when the session was there", async () => {
  const { seen, fetch } = fakeServer(Response.json(session("a"), { status: 200 }));
  const { out } = await runCommand(["sessions", "add", "a", "10.0.0.7:50051"], { fetch });
  assert.equal(out, "a was there, and is now: a.example.org -> 10.0.0.7:50051\n");
  assert.deepEqual(seen[0]?.body, { id: "a", backends: [{ address: "10.0.0.7", port: 50051 }] });
});

Deno.test("sessions remove deletes each session in turn", async () => {
  const { seen, fetch } = fakeServer(Response.json({ id: "a" }), Response.json({ id: "b" }));
  const outcome = await runCommand(["sessions", "remove", "a", "b"], { fetch });
  assert.deepEqual(outcome, { code: 0, out: "a removed\nb removed\n", err: "" });
  assert.deepEqual(seen.map(({ method, url }) => [method, url]), [["DELETE", `${BASE}/a`], ["DELETE", `${BASE}/b`]]);
});

Deno.test("sessions remove prints what the server answered with --json", async () => {
  const server = fakeServer(Response.json({ id: "a", generation: 7 }));
  const { out } = await runCommand(["sessions", "remove", "a", "--json"], server);
  assert.deepEqual(JSON.parse(out), { id: "a", generation: 7 });
});

Deno.test("sessions prints a problem with all its issues when the server refuses", async () => {
  const problem = {
    title: "invalid_request",
    status: 422,
    detail: "2 fields are not acceptable",
    code: "invalid_request",
    issues: [{ path: "backends[0].port", message: "must be 1 to 65535" }, { path: "", message: "too much" }],
  };
  const server = fakeServer(
    Response.json(problem, { status: 422, headers: { "content-type": "application/problem+json" } }),
  );
  assert.deepEqual(await runCommand(["sessions", "add", "a", "10.0.0.1:1"], server), {
    code: 1,
    out: "",
    err: "error: Cannot add session: 2 fields are not acceptable\n  backends[0].port: must be 1 to 65535\n  too much\n",
  });
});

Deno.test("sessions says once what cannot be done, whatever the session is called", async () => {
  const cases: readonly [readonly string[], string, string][] = [
    [["get", "a: b"], 'Cannot get session "a: b": there is none', 'Cannot get session "a: b": there is none'],
    [["remove", "red"], 'Cannot remove session "red": there is none', 'Cannot remove session "red": there is none'],
    [["list"], 'Cannot GET "/xds/tasks": it is not known', "Cannot list sessions: it is not known"],
    [["add", "a", "10.0.0.1:1"], 'Cannot register "a": host a:b is taken', "Cannot add session: host a:b is taken"],
  ];
  for (const [args, detail, said] of cases) {
    const server = fakeServer(Response.json({ code: "not_found", detail }, { status: 404 }));
    assert.equal((await runCommand(["sessions", ...args], server)).err, `error: ${said}\n`);
  }
});

Deno.test("sessions says what the status was when the answer is no problem of Signalbox's", async () => {
  const proxy = fakeServer(new Response("<html>", { status: 502, statusText: "Bad Gateway" }));
  assert.deepEqual(await runCommand(["sessions", "get", "a"], proxy), {
    code: 1,
    out: "",
    err: 'error: Cannot get session "a": the server answered 502 Bad Gateway\n',
  });
  const other = await runCommand(["sessions", "list"], fakeServer(new Response("hello")));
  assert.equal(other.code, 1);
  assert.match(other.err, /^error: Cannot read the answer of .*: it is not Signalbox's\n$/);
});

Deno.test("sessions asks --url before SIGNALBOX_URL before loopback", async () => {
  const env = (name: string) => name === "SIGNALBOX_URL" ? "http://env:1/base/" : undefined;
  const fromEnv = fakeServer(Response.json(session("a")));
  await runCommand(["sessions", "get", "a"], { ...fromEnv, env });
  assert.equal(fromEnv.seen[0]?.url, "http://env:1/base/xds/tasks/a");
  const fromOption = fakeServer(Response.json(session("a")));
  await runCommand(["sessions", "get", "a", "--url", "https://option:2"], { ...fromOption, env });
  assert.equal(fromOption.seen[0]?.url, "https://option:2/xds/tasks/a");
  const bad = await runCommand(["sessions", "list"], { env: () => "localhost:80" });
  assert.deepEqual(bad, {
    code: 1,
    out: "",
    err: 'error: Cannot use SIGNALBOX_URL "localhost:80": it must begin with http:// or https://\n',
  });
});

Deno.test("sessions says how to go on when there is no connection", async () => {
  const fetch = () => Promise.reject(new TypeError("connection refused"));
  assert.deepEqual(await runCommand(["sessions", "list"], { fetch }), {
    code: 1,
    out: "",
    err: 'error: Cannot reach Signalbox at "http://127.0.0.1:8080": no connection; ' +
      "is it running, and is this its address (--url, SIGNALBOX_URL)?\n",
  });
});

const live = { state: "live", envoys: [{ node: "a", state: "live", ms: 3.2 }, { node: "b", state: "live" }] };
const pending = { state: "pending", envoys: [{ node: "a", state: "live" }, { node: "b", state: "stuck" }] };

Deno.test("sessions add --wait asks for a receipt, and prints which Envoys have the session", async () => {
  const { seen, fetch } = fakeServer(Response.json({ ...session("a"), delivery: live }, { status: 201 }));
  const outcome = await runCommand(["sessions", "add", "a", "10.0.0.7:50051", "--wait"], { fetch });
  assert.equal(seen[0]?.url, `${BASE}?wait=live&timeout=10s`);
  assert.deepEqual(outcome, {
    code: 0,
    out: "a added: a.example.org -> 10.0.0.7:50051\nlive on a (3.2 ms), b\n",
    err: "",
  });
});

Deno.test("sessions add --wait fails when the time is up, and names the Envoys that are missing", async () => {
  const { seen, fetch } = fakeServer(Response.json({ ...session("a"), delivery: pending }, { status: 202 }));
  const outcome = await runCommand(["sessions", "add", "a", "10.0.0.7:50051", "-w", "2s"], { fetch });
  assert.equal(seen[0]?.url, `${BASE}?wait=live&timeout=2s`);
  assert.deepEqual(outcome, {
    code: 1,
    out: "a registered: a.example.org -> 10.0.0.7:50051\n",
    err: 'error: Cannot wait any longer: "a" is registered, but not live (b is stuck)\n',
  });
});

Deno.test("sessions remove --wait fails when nobody is there to forget the session", async () => {
  const nobody = { id: "a", generation: 8, delivery: { state: "pending", envoys: [] } };
  const { fetch } = fakeServer(Response.json(nobody, { status: 202 }));
  const outcome = await runCommand(["sessions", "remove", "a", "--wait"], { fetch });
  assert.equal(outcome.code, 1);
  assert.equal(
    outcome.err,
    'error: Cannot wait any longer: "a" is removed, but not gone (no Envoy is connected)\n',
  );
});

Deno.test("sessions shows the server a token, that of --token before that of SIGNALBOX_TOKEN", async () => {
  const shown: unknown[] = [];
  const fetch: CommandIo["fetch"] = (_, init) => {
    shown.push(new Headers(init.headers).get("authorization"));
    return Promise.resolve(Response.json({ tasks: [] }));
  };
  const env = (name: string) => name === "SIGNALBOX_TOKEN" ? "sbx_b" : undefined;
  await runCommand(["sessions", "list"], { fetch });
  await runCommand(["sessions", "list"], { fetch, env });
  await runCommand(["sessions", "list", "--token", "sbx_a"], { fetch, env });
  assert.deepEqual(shown, [null, "Bearer sbx_b", "Bearer sbx_a"]);
});

Deno.test("sessions says what is wrong with the files of certificates", async () => {
  const err = async (...args: readonly string[]) => (await runCommand(["sessions", "list", ...args])).err;
  assert.equal(await err("--ca", "/none.crt"), 'error: Cannot read "/none.crt": there is no such file\n');
  const file = fileURLToPath(import.meta.url);
  assert.equal(await err("--cert", file), "error: Cannot show a certificate: --cert and --key go together\n");
  assert.match(await err("--cert", file, "--key", file), /^error: Cannot use the certificates: /);
});
