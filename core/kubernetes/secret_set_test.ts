import assert from "node:assert/strict";
import { until } from "../dev/until.ts";
import { systemTimers } from "../timers.ts";
import { SecretSet } from "./secret_set.ts";
import { type SecretServer, startSecretServer } from "./testdata/secret_server.ts";

interface Bed extends AsyncDisposable {
  readonly set: SecretSet;
  /** What was told, by names. */
  readonly told: readonly string[];
  /** The value of the key `k`, decoded. */
  value(name: string, namespace?: string): string | undefined;
}

async function follow(
  { client }: SecretServer,
  options: { readonly namespaces: readonly string[]; readonly selector?: string } = { namespaces: ["own"] },
): Promise<Bed> {
  const set = new SecretSet({ client, ...options, timers: systemTimers, nowMs: () => performance.now() });
  const told: string[] = [];
  set.listen((changed) => told.push(...changed.map(({ namespace, name }) => `${namespace}/${name}`)));
  await set.synced();
  return {
    set,
    told,
    value(name, namespace = "own") {
      const value = set.data({ namespace, name })?.["k"];
      return value === undefined ? undefined : new TextDecoder().decode(Uint8Array.fromBase64(value));
    },
    [Symbol.asyncDispose]: () => set.close(),
  };
}

Deno.test("SecretSet knows the Secrets of its namespaces that its selector matches, and no others", async () => {
  await using server = startSecretServer();
  const labels = { open: "yes" };
  server.put("a", { k: "1" }, { labels });
  server.put("closed", { k: "2" });
  server.put("b", { k: "3" }, { namespace: "second", labels });
  server.put("c", { k: "4" }, { namespace: "third", labels });
  await using bed = await follow(server, { namespaces: ["own", "second"], selector: "open=yes" });
  assert.equal(bed.value("a"), "1");
  assert.equal(bed.value("b", "second"), "3");
  assert.equal(bed.value("closed"), undefined);
  assert.equal(bed.value("c", "third"), undefined);
  assert.deepEqual(server.lists.toSorted(), [
    "/api/v1/namespaces/own/secrets open=yes",
    "/api/v1/namespaces/second/secrets open=yes",
  ]);
  await using all = await follow(server);
  assert.equal(all.value("closed"), "2");
  assert.equal(server.lists.at(-1), "/api/v1/namespaces/own/secrets null");
});

Deno.test("SecretSet tells which Secrets came, changed and went, once they have", async () => {
  await using server = startSecretServer();
  server.put("a", { k: "1" });
  await using bed = await follow(server);
  assert.deepEqual(bed.told, ["own/a"]);
  server.put("a", { k: "2" });
  server.put("b", {});
  await until(() => bed.told.includes("own/b"));
  assert.equal(bed.value("a"), "2");
  assert.deepEqual(bed.set.data({ namespace: "own", name: "b" }), {});
  server.remove("a");
  await until(() => bed.told.length === 4);
  assert.equal(bed.value("a"), undefined);
});

Deno.test("SecretSet keeps what it knows while the server is away, and has what was made anew under its name", async () => {
  await using server = startSecretServer();
  server.put("a", { k: "1" });
  server.put("b", { k: "1" });
  await using bed = await follow(server);
  server.reachable = false;
  await until(() => bed.set.problems.length === 1);
  assert.match(bed.set.problems[0] ?? "", /^cannot follow secrets in namespace own for \d+ s: /);
  assert.equal(bed.value("a"), "1");
  server.remove("a");
  server.put("a", { k: "2" });
  server.remove("b");
  server.reachable = true;
  await until(() => bed.value("b") === undefined);
  assert.equal(bed.value("a"), "2");
  await until(() => bed.set.problems.length === 0);
});
