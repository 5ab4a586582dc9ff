import assert from "node:assert/strict";
import { type KubernetesSecretReference, SecretKeys } from "./secret_objects.ts";
import { SessionReads } from "./session_reads.ts";

type Data = Readonly<Record<string, string>>;

function createBed(
  { namespaces = ["ns"], keepsText = false }: { readonly namespaces?: readonly string[]; keepsText?: boolean } = {},
) {
  const known = new Map<string, Data>();
  const reads = new SessionReads();
  const invalidated: (readonly string[] | "all")[] = [];
  let told: (changed: readonly { readonly namespace: string; readonly name: string }[]) => void = () => {};
  const keys = new SecretKeys({
    objects: {
      namespaces,
      data: ({ namespace, name }) => known.get(`${namespace}/${name}`),
      listen: (listener) => told = listener,
    },
    ...{ reads, keepsText },
    invalidate: (sessions) => invalidated.push(sessions),
  });
  return {
    ...{ keys, reads, invalidated },
    /** Without data it goes. */
    put(name: string, data?: Data, namespace = "ns") {
      if (data === undefined) known.delete(`${namespace}/${name}`);
      else known.set(`${namespace}/${name}`, Object.fromEntries(Object.entries(data).map(([k, v]) => [k, btoa(v)])));
      told([{ namespace, name }]);
    },
    /** What a build of the session reads, which is served then. */
    serve(session: string, reference: KubernetesSecretReference) {
      const { result, reads: read } = reads.record(() => keys.readForSession(reference));
      reads.replace(session, read);
      return result;
    },
  };
}

const ref = (name: string, key = "k", namespace?: string): KubernetesSecretReference => ({
  kubernetesSecret: { name, key, ...(namespace === undefined ? {} : { namespace }) },
});

Deno.test("SecretKeys.readForSession() gives the text of a key without the newline at its end", () => {
  const { keys, put } = createBed({ namespaces: ["ns", "second"] });
  put("a", { k: "1\n", "token.txt": " 2 " });
  put("a", { k: "3" }, "second");
  assert.equal(keys.readForSession(ref("a")), "1");
  assert.equal(keys.readForSession(ref("a", "k", "ns")), "1");
  assert.equal(keys.readForSession(ref("a", "token.txt")), " 2 ");
  assert.equal(keys.readForSession(ref("a", "k", "second")), "3");
});

Deno.test("SecretKeys.readForSession() says what is wrong, and nothing of what is in the Secret", () => {
  const { keys, put } = createBed();
  put("a", { k: "s3cr3t", binary: "\xff\xfe" });
  put("a", { k: "of another" }, "other");
  const problems: readonly (readonly [KubernetesSecretReference, string])[] = [
    [ref("none"), 'cannot read key "k" of Secret "ns/none": there is no such Secret'],
    [ref("a", "none"), 'cannot read key "none" of Secret "ns/a": it has no such key'],
    [ref("a", "constructor"), 'cannot read key "constructor" of Secret "ns/a": it has no such key'],
    [ref("a", "binary"), 'cannot read key "binary" of Secret "ns/a": it is not UTF-8'],
    [ref("a", "k", "other"), "must be a Secret in namespace ns"],
    [ref("../other/a"), 'cannot read key "k" of Secret "ns/../other/a": there is no such Secret'],
  ];
  for (const [reference, message] of problems) {
    assert.throws(() => keys.readForSession(reference), { message }, message);
  }
});

Deno.test("SecretKeys has the sessions that use a key built again when its text changes, and no others", () => {
  const { serve, put, invalidated } = createBed();
  put("a", { k: "1", other: "1" });
  put("b", { k: "1" });
  serve("s1", ref("a"));
  serve("s2", ref("a"));
  serve("s3", ref("a", "other"));
  serve("s4", ref("b"));
  put("a", { k: "2", other: "1" });
  assert.deepEqual(invalidated, [["s1", "s2"]]);
  assert.equal(serve("s1", ref("a")), "2");
  put("b", { k: "1" });
  assert.equal(invalidated.length, 1, "a Secret whose text stays the same is no change");
});

Deno.test("SecretKeys tries a session again when the Secret comes, or the key, that it failed on", () => {
  const { keys, reads, put, serve, invalidated } = createBed();
  const { reads: read } = reads.record(() => assert.throws(() => keys.readForSession(ref("late"))));
  reads.extend("s1", read);
  put("late", { other: "1" });
  assert.deepEqual(invalidated, []);
  put("late", { k: "here" });
  assert.deepEqual(invalidated, [["s1"]]);
  assert.equal(serve("s1", ref("late")), "here");
});

Deno.test("SecretKeys gives the text of a Secret that has gone to nobody, and leaves what is served as it is", () => {
  const { keys, serve, put, invalidated } = createBed();
  put("a", { k: "1" });
  serve("s1", ref("a"));
  put("a");
  assert.throws(() => keys.readForSession(ref("a")), /there is no such Secret/);
  assert.deepEqual(invalidated, []);
  put("a", { k: "2" });
  assert.deepEqual(invalidated, [["s1"]]);
});

Deno.test("SecretKeys keeps the text of a key in use when the Secret goes, where it is to", () => {
  const { serve, put, invalidated } = createBed({ keepsText: true });
  put("a", { k: "1" });
  serve("s1", ref("a"));
  put("a");
  assert.equal(serve("s1", ref("a")), "1");
  assert.deepEqual(invalidated, []);
  put("a", { k: "2" });
  assert.deepEqual(invalidated, [["s1"]]);
});

Deno.test("SecretKeys notices a change between the build of a session and its publication", () => {
  const { keys, reads, put, invalidated } = createBed();
  put("a", { k: "1" });
  const { reads: read } = reads.record(() => keys.readForSession(ref("a")));
  put("a", { k: "2" });
  reads.replace("s1", read);
  assert.ok(invalidated.flat().includes("s1"));
});

Deno.test("SecretKeys tells a session of changes that was built before the key's last user went", () => {
  const { keys, reads, put, serve, invalidated } = createBed();
  put("a", { k: "1" });
  serve("goes", ref("a"));
  const { reads: read } = reads.record(() => keys.readForSession(ref("a")));
  reads.replace("goes", undefined);
  reads.replace("comes", read);
  put("a", { k: "2" });
  assert.deepEqual(invalidated, [["comes"]]);
});

Deno.test("SecretKeys.openForPlugin() has all sessions built again when the key changes", () => {
  const { keys, put, invalidated } = createBed();
  assert.throws(() => keys.openForPlugin(ref("a")), /there is no such Secret/);
  put("a", { k: "1" });
  const key = keys.openForPlugin(ref("a"));
  put("a", { k: "2" });
  assert.deepEqual(invalidated, ["all"]);
  assert.equal(key.text(), "2");
});
