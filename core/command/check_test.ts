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
    assert.deepEqual(await runCommand(["check", "--config", file]), { code: 0, out: `${file}: OK\n`, err: "" });
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
