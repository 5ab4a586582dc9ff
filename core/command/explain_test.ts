import assert from "node:assert/strict";
import { runCommand } from "./testdata/test_io.ts";

const EXPLAINED = {
  id: "s1",
  served: "current",
  steps: [
    { plugin: "timeouts", hook: "route", before: [{ a: 1, timeout: "0s" }], after: [{ a: 1, timeout: "30s" }] },
    { plugin: "tls", hook: "secret", before: [], after: [{ name: "s1/tls" }] },
  ],
  failures: [],
  resources: { clusters: [] },
};

async function explain(answer: unknown, ...args: readonly string[]) {
  const urls: string[] = [];
  const outcome = await runCommand(["explain", "s1", ...args], {
    fetch(url) {
      urls.push(String(url));
      return Promise.resolve(Response.json(answer));
    },
  });
  return { ...outcome, urls };
}

Deno.test("explain prints what each plugin changed, as a difference", async () => {
  const { code, out, err, urls } = await explain(EXPLAINED);
  assert.deepEqual([code, err, urls], [0, "", ["http://127.0.0.1:8080/xds/tasks/s1/explain"]]);
  assert.equal(
    out,
    `s1 is served as it is registered

1. timeouts: route
    a: 1
   -timeout: 0s
   +timeout: 30s

2. tls: secret
   -[]
   +- name: s1/tls
`,
  );
});

Deno.test("explain says why a session is not served, and what is at work where nothing is", async () => {
  const failures = [
    { plugin: "auth", hook: "route", path: "routes[0].match", message: "is required" },
    { plugin: "auth", path: "plugins.auth", message: "is required" },
    { path: "", message: "a defect" },
  ];
  const failed = await explain({ ...EXPLAINED, served: "nothing", steps: [], failures });
  assert.equal(
    failed.out,
    `s1 is not served
! plugin auth, hook route: routes[0].match: is required
! plugin auth: plugins.auth: is required
! a defect
`,
  );
  const { out } = await explain({ ...EXPLAINED, served: "last", steps: [] });
  assert.match(out, /^s1 is served as it was built before; .*\nno plugin changed anything\n$/);
});

Deno.test("explain --json prints what the server says", async () => {
  assert.deepEqual(JSON.parse((await explain(EXPLAINED, "--json")).out), EXPLAINED);
});

Deno.test("explain exits with 1 when there is no such session", async () => {
  const problem = { code: "not_found", detail: 'Cannot explain session "s1": there is none', issues: [] };
  const { code, err } = await runCommand(["explain", "s1"], {
    fetch: () => Promise.resolve(Response.json(problem, { status: 404 })),
  });
  assert.deepEqual([code, err], [
    1,
    'error: Cannot explain session "s1": there is none\n',
  ]);
});
