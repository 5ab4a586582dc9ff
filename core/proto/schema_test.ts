import assert from "node:assert/strict";
import protobuf from "protobufjs";
import { DESCRIPTORS, TYPES } from "../../protos/generated/descriptors.ts";
import { decodeMessage, encodeMessage } from "./codec.ts";
import type { Message, MessageName } from "./message_types.ts";
import { findType, type MessageSchema, messageType, outermostTypes } from "./schema.ts";

Deno.test("findType() finds nested messages and enums, and nothing that is not there", () => {
  assert.equal(findType("envoy.config.cluster.v3.Cluster.LbPolicy")?.kind, "enum");
  assert.equal(findType("envoy.config.cluster.v3.Cluster.LbSubsetConfig.LbSubsetSelector")?.kind, "message");
  for (
    const name of [
      "",
      "envoy",
      "envoy.config.cluster.v3",
      "envoy.config.cluster.v3.Cluster.No",
      "a.toString",
      "toString",
    ]
  ) {
    assert.equal(findType(name), undefined, name);
  }
  assert.throws(() => messageType("envoy.config.cluster.v3.Cluster.LbPolicy"), TypeError);
});

Deno.test("findType() resolves every type that a field names", () => {
  let fields = 0;
  const visit = (schema: MessageSchema) => {
    for (const field of schema.fields) {
      const type = field.type();
      fields++;
      if (type.kind === "message" && type.fullName.startsWith(`${schema.fullName}.`)) visit(type);
    }
  };
  for (const name of outermostTypes()) {
    const type = findType(name);
    if (type?.kind === "message") visit(type);
  }
  assert.ok(fields > 2500, String(fields));
});

Deno.test("encodeMessage() parses the descriptors of what the message holds, and no others", async () => {
  // Its own process: other tests have loaded everything.
  const script = `
    import { encodeMessage } from ${JSON.stringify(import.meta.resolve("./codec.ts"))};
    import { filesInUse } from ${JSON.stringify(import.meta.resolve("./schema.ts"))};
    const before = filesInUse().length;
    encodeMessage("envoy.config.cluster.v3.Cluster", { name: "a", lbPolicy: "MAGLEV", connectTimeout: { seconds: 1 } });
    console.log(JSON.stringify({ before, files: filesInUse() }));`;
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--config", config, "--allow-env", "--ext=ts", "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = command.stdin.getWriter();
  await writer.write(new TextEncoder().encode(script));
  await writer.close();
  const { stdout } = await command.output();
  assert.deepEqual(JSON.parse(new TextDecoder().decode(stdout)), {
    before: 0,
    files: ["envoy/config/cluster/v3/cluster.proto", "google/protobuf/duration.proto"],
  });
});

/** protobufjs with the same descriptors, as a second opinion on the wire format. */
function protobufjsRoot(): protobuf.Root {
  const root = new protobuf.Root();
  for (const [file, json] of Object.entries(DESCRIPTORS)) {
    const scope = TYPES[file]?.split(" ")[0] ?? "";
    const nested = Object.entries<Record<string, unknown>>(JSON.parse(json)).map((
      [name, type],
    ) => [name, { ...type, edition: "proto3" }]);
    root.define(scope).addJSON(Object.fromEntries(nested));
  }
  root.resolveAll();
  return root;
}

Deno.test("encodeMessage() and decodeMessage() agree with protobufjs", () => {
  const root = protobufjsRoot();
  const messages: { readonly [T in MessageName]?: Message<T> } = {
    "envoy.config.route.v3.RouteConfiguration": {
      name: "ä",
      virtualHosts: [{
        name: "v",
        domains: ["a", "b"],
        routes: [{ match: { prefix: "" }, route: { cluster: "c", timeout: { seconds: -1, nanos: -1 } } }, {}],
        requireTls: "EXTERNAL_ONLY",
        includeRequestAttemptCount: true,
      }],
      validateClusters: { value: false },
    },
    "envoy.config.route.v3.RetryPolicy": {
      retriableStatusCodes: [500, 0, 4_294_967_295],
      hostSelectionRetryMaxAttempts: -1,
    },
    "envoy.service.discovery.v3.DeltaDiscoveryRequest": {
      node: { id: "n", userAgentBuildVersion: { version: { majorNumber: 1, minorNumber: 40 } } },
      resourceNamesSubscribe: ["*", ""],
      initialResourceVersions: { b: "", a: "1" },
      errorDetail: { code: 13, message: "x" },
    },
    "envoy.config.core.v3.HealthCheck.HttpHealthCheck": { expectedStatuses: [{ start: -1, end: "9007199254740993" }] },
    "envoy.type.matcher.v3.DoubleMatcher": { range: { start: -0, end: 1e300 } },
    "envoy.config.cluster.v3.Cluster.LbSubsetConfig": {
      subsetSelectors: [{ keys: ["a"], fallbackPolicy: "KEYS_SUBSET", fallbackKeysSubset: [] }],
      fallbackPolicy: "ANY_ENDPOINT",
    },
    "google.rpc.Status": { code: -5 },
  };
  for (const [name, message] of Object.entries(messages)) {
    const type = root.lookupType(name);
    const ours = encodeMessage(name as MessageName, message as never);
    const theirs = type.encode(type.fromObject(message as Record<string, unknown>)).finish();
    const object = (bytes: Uint8Array) => type.toObject(type.decode(bytes), { longs: String, enums: String });
    assert.deepEqual(object(ours), object(theirs), name);
    assert.deepEqual(
      decodeMessage(name as MessageName, new Uint8Array(theirs)),
      decodeMessage(name as MessageName, ours),
      name,
    );
  }
});
