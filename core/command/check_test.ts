import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createDevCertificate } from "../dev/certificate.ts";
import { openSqliteStore } from "../store/sqlite_store.ts";
import { runCommand, withFolder } from "./testdata/test_io.ts";

const TLS_CONFIG = `domain: example.org
store: { path: new/folder/s.db }
listeners:
  - { name: a, port: 8443, tls: { cert: tls.crt, key: tls.key } }
`;

async function writeConfig(folder: string, text: string): Promise<string> {
  const file = join(folder, "s.yaml");
  await Deno.writeTextFile(file, text);
  return file;
}

Deno.test("check prints OK and makes nothing when all is well", () =>
  withFolder(async (folder) => {
    const file = await writeConfig(folder, TLS_CONFIG);
    const { cert, key } = await createDevCertificate("example.org", { now: new Date() });
    await Deno.writeTextFile(join(folder, "tls.crt"), cert);
    await Deno.writeTextFile(join(folder, "tls.key"), key);
    assert.deepEqual(await runCommand(["check", "--config", file]), {
      code: 0,
      out: `${file}: OK: config, certificates, store; its ports were not tried\n`,
      err: "",
    });
    await assert.rejects(Deno.stat(join(folder, "new")), Deno.errors.NotFound);
  }));

Deno.test("check exits with 1 and names each file when several cannot be used", () =>
  withFolder(async (folder) => {
    const file = await writeConfig(folder, TLS_CONFIG);
    await Deno.writeTextFile(join(folder, "new"), "a file where a folder should be");
    await Deno.writeTextFile(join(folder, "tls.key"), "no key");
    const { code, out, err } = await runCommand(["check", "--config", file]);
    assert.equal(code, 1);
    assert.equal(out, "");
    const [first, cert, key, store, ...rest] = err.trimEnd().split("\n");
    assert.equal(first, "error: the config is not valid");
    assert.equal(
      cert,
      `${file}: listeners[0].tls.cert: cannot read "${join(folder, "tls.crt")}": there is no such file`,
    );
    assert.equal(key, `${file}: listeners[0].tls.key: "${join(folder, "tls.key")}" has no private key in PEM`);
    assert.equal(
      store,
      `${file}: store.path: cannot write "${join(folder, "new/folder/s.db")}": a part of its path is a file`,
    );
    assert.deepEqual(rest, []);
  }));

Deno.test("check exits with 1 when a certificate has expired or has another key", () =>
  withFolder(async (folder) => {
    const file = await writeConfig(folder, TLS_CONFIG);
    const old = await createDevCertificate("example.org", { now: new Date("2020-01-01"), days: 1 });
    const other = await createDevCertificate("example.org", { now: new Date() });
    await Deno.writeTextFile(join(folder, "tls.crt"), old.cert);
    await Deno.writeTextFile(join(folder, "tls.key"), other.key);
    const { code, err } = await runCommand(["check", "--config", file]);
    assert.equal(code, 1);
    assert.match(err, /tls\.cert: ".*tls\.crt" expired on 2020-01-\S*Z\n/);
    assert.match(err, /tls\.key: ".*tls\.key" is not the key of ".*tls\.crt"\n/);
  }));

Deno.test("check exits with 1 when a key needs a passphrase or a certificate is none", () =>
  withFolder(async (folder) => {
    const file = await writeConfig(folder, TLS_CONFIG);
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const encrypted = privateKey.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "secret" });
    await Deno.writeTextFile(join(folder, "tls.key"), String(encrypted));
    await Deno.writeTextFile(join(folder, "tls.crt"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    const { err } = await runCommand(["check", "--config", file]);
    assert.match(err, /tls\.cert: ".*tls\.crt" has no certificate in PEM$/m);
    assert.match(err, /tls\.key: ".*tls\.key" is encrypted: it must have no passphrase$/m);
  }));

Deno.test("check exits with 1 when the store's file is another program's, and 0 when it is Signalbox's", () =>
  withFolder(async (folder) => {
    const config = await writeConfig(folder, "{domain: a, store: {path: s.db}}");
    const path = join(folder, "s.db");
    const other = new DatabaseSync(path);
    other.exec("CREATE TABLE t (a)");
    other.close();
    const expected = /^.*store\.path: ".*s\.db" is damaged, or is not Signalbox's$/m;
    assert.match((await runCommand(["check", "-c", config])).err, expected);
    await Deno.writeTextFile(path, "hello");
    assert.match((await runCommand(["check", "-c", config])).err, expected);
    await Deno.remove(path);
    await (await openSqliteStore(path)).close();
    assert.equal((await runCommand(["check", "-c", config])).code, 0);
  }));

Deno.test("check exits with 1 when the store's file is empty or no file", () =>
  withFolder(async (folder) => {
    const empty = await writeConfig(folder, "{domain: a, store: {path: empty.db}}");
    await Deno.writeTextFile(join(folder, "empty.db"), "");
    assert.match((await runCommand(["check", "-c", empty])).err, /store\.path: ".*empty\.db" is empty/);
    const dir = await writeConfig(folder, "{domain: a, store: {path: .}}");
    assert.match((await runCommand(["check", "-c", dir])).err, /store\.path: ".*" is no file/);
  }));

Deno.test("check asks for no file when the store is in memory and no listener has TLS", () =>
  withFolder(async (folder) => {
    const file = await writeConfig(folder, "{domain: a, store: {kind: memory}}");
    assert.equal((await runCommand(["check", "-c", file])).code, 0);
  }));

/** What `check` says of a plugin of this text, which is `p`. */
async function checkPlugin(text: string, ...args: readonly string[]) {
  let outcome: Awaited<ReturnType<typeof runCommand>> | undefined;
  await withFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "p.js"), text);
    const file = await writeConfig(folder, "{domain: a, store: {kind: memory}, plugins: [{name: p, from: p.js}]}");
    const { code, out, err } = await runCommand(["check", "-c", file, ...args]);
    outcome = { code, out: out.replaceAll(folder, ""), err: err.replaceAll(folder, "") };
  });
  return outcome;
}

const plugin = (setup: string, more = "") => `export default { apiVersion: 1, ${more} setup: () => { ${setup} } };`;
const INVALID = "error: the config is not valid\n/s.yaml: ";

Deno.test("check tries plugins on samples, with what their examples say", async () => {
  const session = "session: ({ z }) => z.strictObject({ n: z.int() }), examples: [{ session: { n: 1 } }],";
  const fine = plugin(
    "return { cluster: (cluster, { input }) => ({ ...cluster, altStatName: `${input.n}` }) };",
    session,
  );
  const out = "/s.yaml: OK: config, 1 plugin on 4 sample sessions; its ports were not tried\n";
  assert.deepEqual(await checkPlugin(fine), { code: 0, out, err: "" });
  const printing = plugin('console.log("no end of a line"); Deno.stdout.writeSync(new Uint8Array([65])); return {};');
  assert.deepEqual(await checkPlugin(printing), { code: 0, out, err: "" });
});

Deno.test("check names what plugins do wrong, each once", async () => {
  const wrong = plugin(
    "return { route: (route) => ({ ...route, mach: {} }), listener: () => { throw new Error('no'); } };",
  );
  assert.deepEqual(await checkPlugin(wrong), {
    code: 1,
    out: "",
    err: `${INVALID}plugins: Plugin "p" failed in "listener": no\n`,
  });
  const route = plugin("return { route: (route) => ({ ...route, mach: {} }) };");
  assert.deepEqual(await checkPlugin(route), {
    code: 1,
    out: "",
    err:
      `${INVALID}plugin p, hook route, session plain-1: routes[0].mach: not a field of envoy.config.route.v3.Route\n`,
  });
  const { code, err = "" } = await checkPlugin("export default {") ?? {};
  assert.equal(code, 1);
  assert.match(err.slice(INVALID.length), /^plugins\[0\]\.from: cannot load "\/p\.js": .* at file:\/\/\/p\.js:1:17\n$/);
});

Deno.test("check says what it could not try, for want of samples", async () => {
  const picky = plugin("return {};", "session: ({ z }) => z.strictObject({ n: z.int() }),");
  assert.deepEqual(await checkPlugin(picky), {
    code: 0,
    out: "/s.yaml: OK: config, 1 plugin on 0 sample sessions; its ports were not tried\n",
    err: "/s.yaml: not tried: plugin p, session plain-1: plugins.p: is required\n",
  });
});

Deno.test("check finds a plugin that never ends, wherever that is", async () => {
  const forever = "for (;;);";
  const limit = ["--time-limit", "2s"] as const;
  const said = async (text: string) => (await checkPlugin(text, ...limit))?.err.replace(INVALID, "");
  assert.equal(await said(forever), "plugin p: loading it did not end within 2s\n");
  assert.equal(await said(plugin(forever)), "plugin p: its setup did not end within 2s\n");
  assert.equal(
    await said(plugin(`return { route() { ${forever} } };`)),
    'plugin p: its hook "route" on session "plain-1" did not end within 2s\n',
  );
  assert.equal(
    await said(plugin("return new Promise(() => {});")),
    "plugin p: its setup did not end within 2s\n",
  );
});

Deno.test("check finds a plugin that takes memory without end, and one that ends the process", async () => {
  const hungry = plugin(
    "return { cluster() { const all = []; for (;;) all.push(new Array(1000).fill(all.length)); } };",
  );
  const { code, err } = await checkPlugin(hungry, "--time-limit", "1m") ?? {};
  assert.equal(code, 1);
  assert.match(err ?? "", /plugin p: its hook "cluster" on session "plain-1" took more than 1024 MiB of memory\n$/);
  const ending = await checkPlugin(plugin("Deno.exit(3);"));
  assert.equal(ending?.code, 1);
  assert.match(ending?.err ?? "", /plugin p: its setup ended the process: code 3\n$/);
});

Deno.test("check --sessions tries plugins on those sessions", () =>
  withFolder(async (folder) => {
    const picky = plugin('return { route(_, { session }) { if (session.id === "b") throw new Error("not b"); } };');
    await Deno.writeTextFile(join(folder, "p.js"), picky);
    const file = await writeConfig(folder, "{domain: a, store: {kind: memory}, plugins: [{name: p, from: p.js}]}");
    const sessions = join(folder, "sessions.json");
    const write = (ids: readonly string[]) =>
      Deno.writeTextFile(sessions, JSON.stringify(ids.map((id) => ({ id, address: "10.0.0.1", port: 80 }))));
    await write(["a", "c"]);
    const { out } = await runCommand(["check", "-c", file, "-s", sessions]);
    assert.equal(out, `${file}: OK: config, 1 plugin on 2 sessions; its ports were not tried\n`);
    await write(["a", "b"]);
    assert.match(
      (await runCommand(["check", "-c", file, "-s", sessions])).err,
      /plugin p, hook route, session b: not b\n$/,
    );
    await write(["a", "-"]);
    const { code, err } = await runCommand(["check", "-c", file, "-s", sessions]);
    assert.equal(code, 1);
    assert.match(err, /^error: Cannot read the sessions: some are not acceptable\n {2}\[1\]\.id: /);
  }));

Deno.test("check names what serve would refuse: open addresses, and files of tokens and certificates", () =>
  withFolder(async (folder) => {
    const access = "tls: { cert: a.crt, key: a.key }, tokensFile: t.yaml";
    const file = await writeConfig(folder, `{domain: a, http: { address: 0.0.0.0 }, xds: { ${access} }}`);
    const { err } = await runCommand(["check", "--config", file]);
    const paths = err.trimEnd().split("\n").slice(1).map((line) => line.split(": ")[1]);
    assert.deepEqual(paths, ["http.address", "xds.tls.cert", "xds.tls.key", "xds.tokensFile"]);
    await Deno.writeTextFile(file, "{domain: a, http: { address: 0.0.0.0 }}");
    assert.equal((await runCommand(["check", "--config", file, "--insecure"])).code, 0);
  }));
