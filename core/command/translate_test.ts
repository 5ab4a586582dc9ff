import assert from "node:assert/strict";
import { join } from "node:path";
import { parse } from "yaml";
import { runCommand, withFolder } from "./testdata/test_io.ts";

const TENANT = `export default {
  apiVersion: 1,
  session: ({ z, secret }) => z.strictObject({ tenant: z.string(), token: secret().optional() }).optional(),
  setup: () => ({
    route(route, { input, session }) {
      if (session.labels["fails"] === "true") throw new Error("no tenant of this name");
      if (input === undefined) return;
      const value = input.tenant + (input.token?.reveal() ?? "");
      return { ...route, requestHeadersToAdd: [{ header: { key: "x-tenant", value } }] };
    },
  }),
};`;

const CONFIG = `domain: example.org
plugins:
  - { name: timeouts, config: { request: 30s } }
  - { name: tenant, from: tenant.js }
sessionSecrets: { folder: secrets }
`;

const SESSIONS = `
- { id: a, address: 10.0.0.1, port: 80, plugins: { tenant: { tenant: blue } } }
- { id: b, address: 10.0.0.1, port: 80 }
`;

const withFiles = (
  sessions: string,
  body: (run: (...args: string[]) => ReturnType<typeof runCommand>) => Promise<void>,
  config = CONFIG,
) =>
  withFolder(async (folder) => {
    const files = {
      "s.yaml": config,
      "old.yaml": config.replace("30s", "10s"),
      "tenant.js": TENANT,
      "sessions.yaml": sessions,
    };
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(join(folder, name), text);
    await Deno.mkdir(join(folder, "secrets"));
    await Deno.writeTextFile(join(folder, "secrets/token"), "s3cr3t");
    await body((...args) =>
      runCommand([
        ...["translate", "--config", join(folder, "s.yaml"), "--sessions", join(folder, "sessions.yaml")],
        ...args.map((arg) => arg.endsWith(".yaml") ? join(folder, arg) : arg),
      ])
    );
  });

Deno.test("translate prints what Envoys of the config's layout are told, as YAML", () =>
  withFiles(SESSIONS, async (run) => {
    const { code, out, err } = await run();
    assert.deepEqual([code, err], [0, ""]);
    const resources = parse(out);
    assert.deepEqual(Object.keys(resources), ["listener", "cluster", "scoped_route"]);
    assert.deepEqual(Object.keys(resources.cluster), ["a", "b"]);
    const [route] = resources.scoped_route["a.example.org"].route_configuration.virtual_hosts[0].routes;
    assert.equal(route.route.timeout, "30s");
    assert.deepEqual(route.request_headers_to_add, [{ header: { key: "x-tenant", value: "blue" } }]);
  }));

Deno.test("translate --without prints what a plugin changes, and nothing else", () =>
  withFiles(SESSIONS, async (run) => {
    const { code, out } = await run("--without", "tenant");
    assert.equal(code, 0);
    assert.deepEqual(out.split("\n").filter((line) => /^\S|^ {2}[-+]/.test(line)), [
      "scoped_route a.example.org",
      "  +          request_headers_to_add:",
      "  +            - header:",
      "  +                key: x-tenant",
      "  +                value: blue",
    ]);
    const none = await run("--without", "canary");
    assert.deepEqual([none.code, none.out], [1, ""]);
    assert.match(none.err, /^error: Cannot leave out plugin "canary": .* has none of this name\n$/);
  }));

Deno.test("translate --diff prints what differs from another config", () =>
  withFiles(SESSIONS, async (run) => {
    const { code, out } = await run("--diff", "old.yaml");
    assert.equal(code, 0);
    const lines = out.split("\n").filter((line) => /^\S|^ {2}[-+]/.test(line));
    const change = ["  -            timeout: 10s", "  +            timeout: 30s"];
    assert.deepEqual(lines, ["scoped_route a.example.org", ...change, "scoped_route b.example.org", ...change]);
    assert.deepEqual(await run("--diff", "s.yaml"), { code: 0, out: "", err: "" });
  }));

Deno.test("translate prints the rest, and exits with 1, when some sessions cannot be built", () =>
  withFiles(`${SESSIONS}- { id: c, address: 10.0.0.1, port: 80, labels: { fails: "true" } }`, async (run) => {
    const { code, out, err } = await run();
    assert.equal(code, 1);
    assert.deepEqual(Object.keys(parse(out).cluster), ["a", "b"]);
    assert.equal(err, "error: Cannot make resources of 1 session\n  c tenant route: no tenant of this name\n");
  }));

Deno.test("translate shows no secret", () =>
  withFiles(
    "- { id: a, address: 10.0.0.1, port: 80, plugins: { tenant: { tenant: x, token: { file: token } } } }",
    async (run) => {
      const { out, err } = await run();
      assert.match(out, /value: x\[redacted\]/);
      assert(!`${out}${err}`.includes("s3cr3t"));
    },
  ));

Deno.test("translate asks no cluster for Secrets, and still takes those alone that sessions may refer to", () => {
  const saying = (id: string, namespace: string) => {
    const token = `{ kubernetesSecret: { name: n, key: k, namespace: ${namespace} } }`;
    return `- { id: ${id}, address: 10.0.0.1, port: 80, plugins: { tenant: { tenant: x, token: ${token} } } }\n`;
  };
  return withFiles(saying("a", "open") + saying("b", "closed"), async (run) => {
    const { code, out, err } = await run();
    assert.equal(code, 1);
    assert.match(out, /value: xsample-secret/);
    assert.equal(
      err,
      "error: Cannot make resources of 1 session\n  b tenant plugins.tenant.token: must be a Secret in namespace open\n",
    );
  }, CONFIG.replace("folder: secrets", "kubernetes: { namespace: open }"));
});

Deno.test("translate names what is wrong with the sessions, and what cannot be read", () =>
  withFiles("- { id: a, address: x, port: 80 }", async (run) => {
    const wrong = await run();
    assert.deepEqual([wrong.code, wrong.out], [1, ""]);
    assert.match(wrong.err, /some are not acceptable\n {2}\[0\]\.address: /);
    const missing = await run("--sessions", "none.yaml");
    assert.match(missing.err, /^error: Cannot read sessions ".*none\.yaml": there is no such file\n$/);
  }));
