import assert from "node:assert/strict";
import { checkMessage } from "./check.ts";
import { fieldChecksOf } from "./field_check.ts";
import type { Message, MessageName } from "./message_types.ts";
import { findType, type MessageSchema, outermostTypes } from "./schema.ts";

const ANY_URL = "type.googleapis.com/";

/** The issues as `path: message`; the message need not be of its type. */
function issuesOf(type: MessageName, message: unknown): string[] {
  return checkMessage(type, message as Message<typeof type>).map(({ path, message }) => `${path}: ${message}`);
}

function* messagesWithin(fullName: string): Generator<MessageSchema> {
  const schema = findType(fullName);
  if (schema?.kind !== "message") return;
  yield schema;
  for (const field of schema.fields) {
    if (field.typeName.startsWith(`${fullName}.`)) yield* messagesWithin(field.typeName);
  }
}

Deno.test("fieldChecksOf() compiles the rules of every message", () => {
  let rules = 0;
  for (const name of outermostTypes()) {
    for (const schema of messagesWithin(name)) {
      const checks = fieldChecksOf(schema);
      rules += schema.fields.filter((field) => checks.of(field) !== undefined).length;
      for (const oneof of checks.requiredOneofs) assert.ok(schema.oneofs.has(oneof), `${schema.fullName}.${oneof}`);
    }
  }
  assert.ok(rules > 600, String(rules));
});

Deno.test("checkMessage() finds nothing wrong with a cluster that Envoy takes", () => {
  assert.deepEqual(
    checkMessage("envoy.config.cluster.v3.Cluster", {
      name: "a",
      connectTimeout: { nanos: 1 },
      loadAssignment: {
        clusterName: "a",
        endpoints: [{
          lbEndpoints: [{ endpoint: { address: { socketAddress: { address: "::1", portValue: 1 } } } }],
        }],
      },
    }),
    [],
  );
});

Deno.test("checkMessage() names the path of every issue, through lists, maps and Any", () => {
  const route: Message<"envoy.config.route.v3.RouteConfiguration"> = {
    virtualHosts: [{
      name: "a",
      domains: ["a"],
      routes: [
        { match: { prefix: "/" }, route: { cluster: "c" } },
        { match: { prefix: "/" }, route: {} },
        {
          match: { prefix: "/" },
          route: { cluster: "c", retryPolicy: { retryPriority: { name: "" } } },
          typedPerFilterConfig: {
            "a.b": {
              "@type": `${ANY_URL}envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig`,
              requirementName: "",
            },
          },
        },
        {},
      ],
    }],
  };
  assert.deepEqual(issuesOf("envoy.config.route.v3.RouteConfiguration", route), [
    "virtualHosts[0].routes[1].route: one of cluster, clusterHeader, weightedClusters, clusterSpecifierPlugin, inlineClusterSpecifierPlugin is required",
    "virtualHosts[0].routes[2].route.retryPolicy.retryPriority.name: must not be empty",
    'virtualHosts[0].routes[2].typedPerFilterConfig["a.b"].requirementName: must not be empty',
    "virtualHosts[0].routes[3].match: is required",
    "virtualHosts[0].routes[3]: one of route, redirect, directResponse, filterAction, nonForwardingAction is required",
  ]);
});

Deno.test("checkMessage() reports names and types that encodeMessage() would throw for", () => {
  const bad = {
    name: 1,
    lb_policy: "MAGLEV",
    lbPolicy: "MAGLE",
    healthChecks: "x",
    metadata: { filterMetadata: { a: { b: () => 1 } } },
    typedExtensionProtocolOptions: [],
    transportSocket: { name: "x", typedConfig: { "@type": "example.org/Nothing", a: 1 } },
    type: "STATIC",
    clusterType: { name: "x" },
  };
  assert.deepEqual(issuesOf("envoy.config.cluster.v3.Cluster", bad), [
    "name: expected a string, got 1",
    'lb_policy: not a field of envoy.config.cluster.v3.Cluster; did you mean "lbPolicy"?',
    'lbPolicy: expected one of "ROUND_ROBIN", "LEAST_REQUEST", "RING_HASH", "RANDOM", "MAGLEV", "CLUSTER_PROVIDED", "LOAD_BALANCING_POLICY_CONFIG", got "MAGLE"',
    'healthChecks: expected an array, got "x"',
    'metadata.filterMetadata["a"]["b"]: expected JSON, got ()=>1',
    "typedExtensionProtocolOptions: expected an object, got an array",
    'transportSocket.typedConfig: the type of "example.org/Nothing" is unknown: give its encoded bytes as "value"',
    ": only one of type, clusterType can be set",
  ]);
  assert.deepEqual(issuesOf("envoy.config.cluster.v3.Cluster", []), [": expected an object, got an array"]);
});

/** One case a kind of rule that the API has. */
const RULES: readonly (readonly [MessageName, unknown, readonly string[]])[] = [
  ["envoy.config.core.v3.SocketAddress", { address: "a", portValue: 65536 }, ["portValue: must be at most 65535"]],
  ["envoy.config.core.v3.SocketAddress", { portValue: 1 }, ["address: must not be empty"]],
  ["envoy.config.core.v3.SocketAddress", { address: "a" }, [": one of portValue, namedPort is required"]],
  ["envoy.config.core.v3.SocketAddress", { address: "a", portValue: 0, protocol: 9 }, [
    "protocol: must be one of the defined values",
  ]],
  ["envoy.config.core.v3.HeaderValue", { key: "a\nb", value: "ok" }, ["key: must be the name of an HTTP header"]],
  ["envoy.config.core.v3.HeaderValue", { key: "a", value: "b\0" }, ["value: must be the value of an HTTP header"]],
  ["envoy.config.core.v3.HeaderValue", { key: "é".repeat(8193), value: "" }, ["key: must have at most 16384 bytes"]],
  ["envoy.config.core.v3.HeaderValueOption", {}, ["header: is required"]],
  ["envoy.config.cluster.v3.Cluster", { name: "a", connectTimeout: {} }, ["connectTimeout: must be more than 0s"]],
  ["envoy.config.cluster.v3.Cluster", { name: "a", dnsRefreshRate: { nanos: 1_000_000 } }, [
    "dnsRefreshRate: must be more than 0.001s",
  ]],
  ["envoy.config.core.v3.Http2ProtocolOptions", { maxConcurrentStreams: { value: 0 } }, [
    "maxConcurrentStreams: must be at least 1",
  ]],
  ["envoy.config.core.v3.Http2ProtocolOptions", { maxConcurrentStreams: {} }, [
    "maxConcurrentStreams: must be at least 1",
  ]],
  ["envoy.config.route.v3.VirtualHost", { name: "a" }, ["domains: must not be empty"]],
  ["envoy.config.route.v3.VirtualHost", { name: "a", domains: ["b", ""], requireTls: "ALL" }, []],
  ["envoy.config.route.v3.RetryPolicy", { retryOn: "5xx", retryBackOff: { baseInterval: { seconds: -1 } } }, [
    "retryBackOff.baseInterval: must be more than 0s",
  ]],
  ["envoy.config.route.v3.RetryPolicy.RetryBackOff", {}, ["baseInterval: is required"]],
  ["envoy.config.route.v3.WeightedCluster", { clusters: [] }, ["clusters: must not be empty"]],
  ["envoy.config.route.v3.DirectResponseAction", { status: 600 }, ["status: must be less than 600"]],
  ["envoy.config.route.v3.RouteMatch", { pathSeparatedPrefix: "/a/" }, [
    "pathSeparatedPrefix: must match ^[^?#]+[^?#/]$",
  ]],
  ["envoy.config.accesslog.v3.ResponseFlagFilter", { flags: ["UH", "XX"] }, ["flags[1]: must be one of "]],
  ["envoy.config.core.v3.HealthCheck.HttpHealthCheck", { path: "/", retriableStatuses: [{ start: 1 }] }, []],
  ["envoy.type.matcher.v3.StringMatcher", { prefix: "" }, ["prefix: must not be empty"]],
  ["envoy.type.matcher.v3.ValueMatcher", {}, [
    ": one of nullMatch, doubleMatch, stringMatch, boolMatch, presentMatch, listMatch, orMatch is required",
  ]],
  ["envoy.config.rbac.v3.Permission", { any: false }, ["any: must be true"]],
  ["envoy.config.core.v3.TypedExtensionConfig", { name: "a" }, ["typedConfig: is required"]],
];

Deno.test("checkMessage() follows the rules of the API", () => {
  for (const [type, message, expected] of RULES) {
    const issues = issuesOf(type, message);
    assert.equal(
      issues.length,
      expected.length,
      `${type} ${JSON.stringify(message).slice(0, 80)}: ${issues.join("; ")}`,
    );
    expected.forEach((start, index) => assert.ok(issues[index]?.startsWith(start), `${issues[index]}`));
  }
});
