import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import type { SecretReference } from "./plugin.ts";
import { RevealedSecrets } from "./redact.ts";
import { SecretFiles } from "./secret_files.ts";
import { SecretKeys } from "./secret_objects.ts";
import { SecretReader, type SessionSecrets } from "./secret_reader.ts";
import { SessionReads } from "./session_reads.ts";

async function createBed(sessionSecrets: SessionSecrets = {}) {
  const root = await Deno.makeTempDir();
  const folder = join(root, "secrets");
  await Deno.mkdir(join(folder, "blue"), { recursive: true });
  await Deno.writeTextFile(join(folder, "token"), "inside");
  await Deno.writeTextFile(join(folder, "blue/token"), "deep inside");
  await Deno.writeTextFile(join(root, "other"), "outside");
  await Deno.symlink("../other", join(folder, "link"));
  await Deno.symlink("blue", join(folder, "near"));
  const files = new SecretFiles({ reads: new SessionReads(), invalidate: () => {} });
  const revealed = new RevealedSecrets();
  const reader = new SecretReader({ files, revealed, sessionSecrets: { folder, ...sessionSecrets } });
  return {
    ...{ root, folder, reader, revealed },
    ofSession: (reference: SecretReference) => reader.readForSession(reference).reveal(),
    async [Symbol.asyncDispose]() {
      files[Symbol.dispose]();
      await Deno.remove(root, { recursive: true });
    },
  };
}

Deno.test("SecretReader.readForSession() reads files below the folder alone", async () => {
  await using bed = await createBed();
  assert.equal(bed.ofSession({ file: "token" }), "inside");
  assert.equal(bed.ofSession({ file: "blue/token" }), "deep inside");
  assert.equal(bed.ofSession({ file: "blue/../token" }), "inside");
  assert.equal(bed.ofSession({ file: "near/token" }), "deep inside");
  const outside = { message: "must be a file below the folder of sessions' secrets" };
  for (
    const file of ["../other", "blue/../../other", join(bed.root, "other"), join(bed.folder, "token"), ".", "link"]
  ) {
    assert.throws(() => bed.ofSession({ file }), outside, file);
  }
  assert.throws(() => bed.ofSession({ file: "none" }), /there is no such file/);
});

Deno.test("SecretReader.readForSession() reads variables that begin as is allowed alone", async () => {
  process.env["SIGNALBOX_TEST_SESSION_A"] = "of the environment";
  await using bed = await createBed({ envPrefix: "SIGNALBOX_TEST_SESSION_" });
  assert.equal(bed.ofSession({ env: "SIGNALBOX_TEST_SESSION_A" }), "of the environment");
  assert.throws(() => bed.ofSession({ env: "PATH" }), {
    message: "must be a variable that begins with SIGNALBOX_TEST_SESSION_",
  });
  assert.throws(() => bed.ofSession({ env: "SIGNALBOX_TEST_SESSION_B" }), {
    message: 'there is no variable "SIGNALBOX_TEST_SESSION_B"',
  });
});

Deno.test("SecretReader.readForSession() reads nothing where the operator allows nothing", () => {
  const reads = new SessionReads();
  using files = new SecretFiles({ reads, invalidate: () => {} });
  const reader = new SecretReader({ files, revealed: new RevealedSecrets(), sessionSecrets: {} });
  assert.throws(() => reader.readForSession({ file: "a" }), /no sessionSecrets\.folder/);
  assert.throws(() => reader.readForSession({ env: "PATH" }), /no sessionSecrets\.envPrefix/);
  const reference = { kubernetesSecret: { name: "a", key: "k" } };
  assert.throws(() => reader.readForSession(reference), /no sessionSecrets\.kubernetes/);
  assert.throws(() => reader.readForPlugin(reference, "/"), /no kubernetes\.secrets/);
});

Deno.test("SecretReader.readForPlugin() reads any file and variable, relative paths from where its config is", async () => {
  await using bed = await createBed();
  assert.equal(bed.reader.readForPlugin({ file: "../other" }, bed.folder).reveal(), "outside");
  assert.equal(bed.reader.readForPlugin({ file: join(bed.root, "other") }, "/").reveal(), "outside");
  assert.equal(bed.reader.readForPlugin({ env: "PATH" }, "/").reveal(), process.env["PATH"]);
  assert.throws(() => bed.reader.readForPlugin({ file: "none" }, bed.folder), /there is no such file/);
});

Deno.test("SecretReader has what is revealed hidden from then on", async () => {
  await using bed = await createBed();
  const secret = bed.reader.readForPlugin({ file: "token" }, bed.folder);
  assert.equal(bed.revealed.redact("it is inside"), "it is inside");
  secret.reveal();
  assert.equal(bed.revealed.redact("it is inside"), "it is [redacted]");
});

Deno.test("SecretReader reads of a Kubernetes what is open to plugins for them, and what is open to sessions for those", () => {
  const reads = new SessionReads();
  const revealed = new RevealedSecrets();
  using files = new SecretFiles({ reads, invalidate: () => {} });
  const keysOf = (known: Readonly<Record<string, string>>) =>
    new SecretKeys({
      objects: {
        namespaces: ["ns"],
        data: ({ name }) => Object.hasOwn(known, name) ? { k: btoa(known[name] ?? "") } : undefined,
        listen: () => {},
      },
      ...{ reads, invalidate: () => {}, keepsText: true },
    });
  const pluginKeys = keysOf({ both: "of plugins", plugins: "theirs alone" });
  const sessionKeys = keysOf({ both: "of sessions" });
  const reader = new SecretReader({ files, revealed, sessionSecrets: {}, pluginKeys, sessionKeys });
  const ref = (name: string) => ({ kubernetesSecret: { name, key: "k" } });
  assert.equal(reader.readForPlugin(ref("both"), "/").reveal(), "of plugins");
  assert.equal(reader.readForSession(ref("both")).reveal(), "of sessions");
  assert.throws(() => reader.readForSession(ref("plugins")), /there is no such Secret/);
  assert.equal(revealed.redact("is of sessions"), "is [redacted]");
});
