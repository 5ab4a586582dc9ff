import assert from "node:assert/strict";
import type { HookSet } from "../plugin/hook_set.ts";
import type { Session } from "../session/session.ts";
import { explainTrace } from "./explanation.ts";
import { createPipeline } from "./pipeline.ts";

const SESSION: Session = {
  id: "s1",
  host: "s1.example.org",
  aliases: [],
  backends: [{ address: "10.0.0.1", port: 50051, weight: 1 }],
  labels: {},
  plugins: {},
};

const explain = (hookSets: readonly HookSet[]) => explainTrace(createPipeline({ hookSets }).trace(SESSION));

const slower: HookSet = {
  plugin: "slower",
  hooks: { cluster: (cluster) => ({ ...cluster, connectTimeout: { seconds: 9 } }), route: () => {} },
};

Deno.test("explainTrace() has a step for each hook that changed something, in Envoy's words", () => {
  const { steps, failures, resources } = explain([slower]);
  assert.deepEqual(failures, []);
  assert.deepEqual(steps.map(({ plugin, hook }) => [plugin, hook]), [["slower", "cluster"]]);
  const [before, after] = [steps[0]?.before[0], steps[0]?.after[0]];
  assert.deepEqual(after, { ...before as object, connect_timeout: "9s" });
  assert.deepEqual(resources?.clusters, [after]);
  assert.equal(resources?.virtualHosts.length, 1);
});

Deno.test("explainTrace() shows how far a session came that failed, and why", () => {
  const bad: HookSet = { plugin: "bad", hooks: { route: () => assert.fail("no route") } };
  const { steps, failures, resources } = explain([slower, bad]);
  assert.deepEqual(steps.map(({ plugin }) => plugin), ["slower"]);
  assert.deepEqual(failures, [{ plugin: "bad", hook: "route", path: "", message: "no route" }]);
  assert.equal(resources, undefined);
});

Deno.test("explainTrace() leaves out the steps of a plugin that was skipped", () => {
  const skipped: HookSet = {
    plugin: "skipped",
    hooks: {
      endpoint: (endpoint) => ({ ...endpoint, healthStatus: "DRAINING" }),
      route: () => assert.fail("no route"),
    },
    onError: "skip",
  };
  const { steps, failures, resources } = explain([slower, skipped]);
  assert.deepEqual(steps.map(({ plugin }) => plugin), ["slower"]);
  assert.deepEqual(failures.map(({ plugin, hook }) => [plugin, hook]), [["skipped", "route"]]);
  assert(resources);
});

Deno.test("explainTrace() shows sessions, and what hooks gave that is no message, as far as they can be shown", () => {
  const odd: HookSet = {
    plugin: "odd",
    hooks: {
      session: (session) => ({ ...session, labels: { team: "x" } }),
      cluster: (cluster) => ({ ...cluster, timeout: 1 }),
    },
  };
  const { steps, failures } = explain([odd]);
  assert.deepEqual(steps[0]?.after, [{ ...SESSION, labels: { team: "x" } }]);
  assert.match(String(steps[1]?.after[0]), /^\(.*timeout.*\)$/);
  assert.equal(failures[0]?.path, "clusters[0].timeout");
});

Deno.test("explainTrace() shows no key", () => {
  const keys: HookSet = {
    plugin: "keys",
    hooks: {
      secret: () => ({
        name: "s1.example.org",
        tlsCertificate: { certificateChain: { inlineString: "chain" }, privateKey: { inlineString: "s3cr3t" } },
      }),
      cluster: (cluster) => ({
        ...cluster,
        transportSocket: {
          name: "tls",
          typedConfig: {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
            commonTlsContext: { tlsCertificates: [{ privateKey: { inlineString: "s3cr3t" } }] },
          },
        },
      }),
    },
  };
  const text = JSON.stringify(explain([keys]));
  assert(!text.includes("s3cr3t"), text);
  assert.match(text, /"private_key":"\[redacted\]"/);
  assert.match(text, /chain/);
});
