import assert from "node:assert/strict";
import { decodeMessage, encodeMessage, messageFromJson, messageToJson } from "./codec.ts";
import type { Message, MessageName } from "./message_types.ts";

const ANY_URL = "type.googleapis.com/";

function roundTrip<T extends MessageName>(type: T, message: Message<T>): Message<T> {
  return decodeMessage(type, encodeMessage(type, message));
}

Deno.test("encodeMessage() gives equal bytes whatever the order of fields and map entries", () => {
  const one = encodeMessage("envoy.config.core.v3.Node", {
    id: "a",
    metadata: { x: 1, y: [true] },
    dynamicParameters: { b: { params: { q: "1", p: "2" } }, a: {} },
  });
  const other = encodeMessage("envoy.config.core.v3.Node", {
    dynamicParameters: { a: {}, b: { params: { p: "2", q: "1" } } },
    metadata: { y: [true], x: 1 },
    id: "a",
  });
  assert.deepEqual(one, other);
});

Deno.test("encodeMessage() leaves out what equals its absence, but not in a oneof", () => {
  const empty = encodeMessage("envoy.config.endpoint.v3.ClusterLoadAssignment", { clusterName: "", endpoints: [] });
  assert.equal(empty.length, 0);
  assert.deepEqual(roundTrip("envoy.config.core.v3.DataSource", { inlineString: "" }), { inlineString: "" });
  assert.deepEqual(roundTrip("envoy.config.cluster.v3.Cluster", { type: "STATIC", lbPolicy: "ROUND_ROBIN" }), {
    type: "STATIC",
  });
});

Deno.test("encodeMessage() takes undefined for absence and frozen messages", () => {
  const message = Object.freeze({ name: "a", altStatName: undefined });
  assert.deepEqual(roundTrip("envoy.config.cluster.v3.Cluster", message), { name: "a" });
});

Deno.test("encodeMessage() names the path of what is wrong", () => {
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [{ nam: "x" }, /: nam: not a field of envoy\.config\.cluster\.v3\.Cluster$/],
    [{ lb_policy: "MAGLEV" }, /: lb_policy: not a field of .*; did you mean "lbPolicy"\?$/],
    [{ name: 1 }, /: name: expected a string, got 1$/],
    [{ name: null }, /: name: expected a string, got null$/],
    [{ lbPolicy: "ROUND" }, /: lbPolicy: expected one of "ROUND_ROBIN", .*, got "ROUND"$/],
    [{ healthChecks: {} }, /: healthChecks: expected an array, got an object$/],
    [{ healthChecks: [{}, { timeout: 5 }] }, /: healthChecks\[1\]\.timeout: expected an object, got 5$/],
    [{ connectTimeout: { seconds: 1.5 } }, /: connectTimeout\.seconds: expected a 64-bit integer, got 1\.5$/],
    [
      { maxRequestsPerConnection: { value: -1 } },
      /maxRequestsPerConnection\.value: expected an unsigned 32-bit integer/,
    ],
    [
      { metadata: { filterMetadata: { "a.b": { c: () => 1 } } } },
      /: metadata\.filterMetadata\["a\.b"\]\["c"\]: expected JSON/,
    ],
    [
      { typedExtensionProtocolOptions: { x: { "@type": "type.googleapis.com/envoy.Nothing" } } },
      /typedExtensionProtocolOptions\["x"\]: the type of "type\.googleapis\.com\/envoy\.Nothing" is unknown/,
    ],
    [
      { transportSocket: { typedConfig: { "@type": `${ANY_URL}envoy.config.core.v3.Locality`, zon: "" } } },
      /: transportSocket\.typedConfig\.zon: not a field of envoy\.config\.core\.v3\.Locality$/,
    ],
    [
      { transportSocket: { typedConfig: { name: "x" } } },
      /: transportSocket\.typedConfig: expected a type URL in "@type"/,
    ],
    ["text", /: expected an object, got "text"$/],
  ];
  for (const [message, expected] of cases) {
    assert.throws(() => encodeMessage("envoy.config.cluster.v3.Cluster", message as never), (thrown) => {
      assert.ok(thrown instanceof TypeError);
      assert.match(thrown.message, expected);
      return true;
    });
  }
  // What failed leaves nothing behind.
  assert.deepEqual(roundTrip("envoy.config.cluster.v3.Cluster", { name: "a" }), { name: "a" });
});

Deno.test("decodeMessage() gives 64-bit integers as numbers where these are exact", () => {
  for (const value of [1, Number.MAX_SAFE_INTEGER, "9007199254740993", "18446744073709551615"]) {
    assert.deepEqual(roundTrip("google.protobuf.UInt64Value", { value }), { value });
  }
  for (const value of [-1, Number.MIN_SAFE_INTEGER, "-9223372036854775808", "9223372036854775807"]) {
    assert.deepEqual(roundTrip("google.protobuf.Int64Value", { value }), { value });
  }
  assert.deepEqual(roundTrip("google.protobuf.UInt64Value", { value: "12" }), { value: 12 });
  assert.throws(() => encodeMessage("google.protobuf.UInt64Value", { value: "18446744073709551616" }), TypeError);
  assert.throws(() => encodeMessage("google.protobuf.UInt64Value", { value: 2 ** 53 }), TypeError);
});

Deno.test("decodeMessage() reads an Any in an Any, and one of an unknown type as bytes", () => {
  const message: Message<"envoy.config.core.v3.TypedExtensionConfig"> = {
    name: "outer",
    typedConfig: {
      "@type": `${ANY_URL}envoy.config.core.v3.TypedExtensionConfig`,
      name: "inner",
      typedConfig: { "@type": "example.org/a.b.Unknown", value: new Uint8Array([1, 2, 255]) },
    },
  };
  assert.deepEqual(roundTrip("envoy.config.core.v3.TypedExtensionConfig", message), message);
});

Deno.test("encodeMessage() takes an Any of a known type in encoded form", () => {
  const value = encodeMessage("envoy.config.core.v3.Locality", { zone: "a" });
  const typedConfig = { "@type": `${ANY_URL}envoy.config.core.v3.Locality`, value };
  assert.deepEqual(roundTrip("envoy.config.core.v3.TypedExtensionConfig", { typedConfig }), {
    typedConfig: { "@type": `${ANY_URL}envoy.config.core.v3.Locality`, zone: "a" },
  });
});

Deno.test("decodeMessage() gives numbers for enum values without a name, and encodeMessage() takes them", () => {
  const bytes = new Uint8Array([6 << 3, 99]);
  const message = decodeMessage("envoy.config.cluster.v3.Cluster", bytes);
  assert.deepEqual(message, { lbPolicy: 99 });
  assert.deepEqual(encodeMessage("envoy.config.cluster.v3.Cluster", message), bytes);
});

Deno.test("decodeMessage() merges what comes twice, and of a oneof keeps the last", () => {
  const address = (zone: string) => encodeMessage("envoy.config.core.v3.Node", { id: "x", locality: { zone } });
  const region = encodeMessage("envoy.config.core.v3.Node", { locality: { region: "r" } });
  const bytes = new Uint8Array([...address("a"), ...region, ...address("b")]);
  assert.deepEqual(decodeMessage("envoy.config.core.v3.Node", bytes), {
    id: "x",
    locality: { zone: "b", region: "r" },
  });
  const either = [{ filename: "f" }, { inlineString: "s" }].map((source) =>
    encodeMessage("envoy.config.core.v3.DataSource", source)
  );
  assert.deepEqual(
    decodeMessage("envoy.config.core.v3.DataSource", new Uint8Array(either.flatMap((part) => [...part]))),
    {
      inlineString: "s",
    },
  );
});

Deno.test("decodeMessage() skips fields that it does not know and refuses bytes that are cut off", () => {
  const known = encodeMessage("envoy.config.core.v3.Locality", { zone: "z" });
  const extra = new Uint8Array([...known, 0xfa, 0x7f, 1, 7]);
  assert.deepEqual(decodeMessage("envoy.config.core.v3.Locality", extra), { zone: "z" });
  assert.throws(() => decodeMessage("envoy.config.core.v3.Locality", known.subarray(0, 2)));
  const nested = encodeMessage("envoy.config.core.v3.Node", { locality: { zone: "zone" } });
  nested[1] = 40;
  assert.throws(() => decodeMessage("envoy.config.core.v3.Node", nested));
});

Deno.test("decodeMessage() keeps a map key named __proto__ a key", () => {
  const type = "envoy.config.core.v3.Metadata";
  const message = messageFromJson(type, JSON.parse('{"filterMetadata":{"__proto__":{"a":{"__proto__":1}}}}'));
  const metadata = roundTrip(type, message).filterMetadata ?? {};
  assert.deepEqual(Object.keys(metadata), ["__proto__"]);
  assert.equal(Object.getPrototypeOf(metadata), Object.prototype);
});

Deno.test("messageToJson() writes durations, wrappers, bytes and names as Envoy's documentation does", () => {
  const message: Message<"envoy.config.route.v3.RouteAction"> = {
    cluster: "c",
    timeout: { nanos: 1_500_000 },
    autoHostRewrite: { value: false },
    retryPolicy: { perTryTimeout: { seconds: -3, nanos: -500_000_000 }, retriableStatusCodes: [503] },
  };
  const json = {
    cluster: "c",
    timeout: "0.001500s",
    auto_host_rewrite: false,
    retry_policy: { per_try_timeout: "-3.500s", retriable_status_codes: [503] },
  };
  assert.deepEqual(messageToJson("envoy.config.route.v3.RouteAction", message, { fieldNames: "snake" }), json);
  assert.deepEqual(messageFromJson("envoy.config.route.v3.RouteAction", json), message);
  assert.equal(messageToJson("google.protobuf.BytesValue", { value: new Uint8Array([0, 255]) }), "AP8=");
  assert.equal(messageToJson("google.protobuf.UInt64Value", { value: 5 }), "5");
  assert.equal(messageToJson("google.protobuf.Timestamp", { seconds: 0, nanos: 1 }), "1970-01-01T00:00:00.000000001Z");
  const options = messageToJson("envoy.config.core.v3.Http1ProtocolOptions", { acceptHttp10: true }, {
    fieldNames: "snake",
  });
  assert.deepEqual(options, { accept_http_10: true });
});

Deno.test("messageFromJson() takes both spellings, numbers as text, enums as numbers and null for absence", () => {
  const json = { lb_policy: 5, connectTimeout: "1.5s", maxRequestsPerConnection: "7", edsClusterConfig: null };
  assert.deepEqual(messageFromJson("envoy.config.cluster.v3.Cluster", json), {
    lbPolicy: "MAGLEV",
    connectTimeout: { seconds: 1, nanos: 500_000_000 },
    maxRequestsPerConnection: { value: 7 },
  });
  assert.deepEqual(messageFromJson("google.protobuf.Timestamp", "2026-01-31T12:00:00.25+01:00"), {
    seconds: Date.parse("2026-01-31T11:00:00Z") / 1000,
    nanos: 250_000_000,
  });
});

Deno.test("messageFromJson() names the path of what is wrong", () => {
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [{ connect_timeout: "5" }, /: connect_timeout: expected a duration like "1\.5s", got "5"$/],
    [{ health_checks: [{ tls_option: {} }] }, /: health_checks\[0\]\.tls_option: not a field of/],
    [{ lbPolicy: "MAGLEV", lb_policy: "MAGLEV" }, /: lb_policy: given twice, in both spellings$/],
    [
      { transport_socket: { typed_config: { "@type": 5 } } },
      /: transport_socket\.typed_config\.@type: expected a type URL/,
    ],
    [
      { upstream_config: { typed_config: { "@type": "x/y.Z", value: "!" } } },
      /typed_config: expected base64, got "!"$/,
    ],
  ];
  for (const [json, expected] of cases) {
    assert.throws(() => messageFromJson("envoy.config.cluster.v3.Cluster", json), (thrown) => {
      assert.match((thrown as Error).message, expected);
      return thrown instanceof TypeError;
    });
  }
});

Deno.test("messageToJson() hides what the API calls sensitive, when it is told to, also inside of an Any", () => {
  const tlsCertificate = { certificateChain: { inlineString: "chain" }, privateKey: { inlineString: "key" } };
  const shown = { certificate_chain: { inline_string: "chain" }, private_key: "[redacted]" };
  const secret = "envoy.extensions.transport_sockets.tls.v3.Secret";
  const options = { fieldNames: "snake", redact: true } as const;
  assert.deepEqual(messageToJson(secret, { tlsCertificate }, options), { tls_certificate: shown });
  const typeUrl = `type.googleapis.com/${secret}` as const;
  assert.deepEqual(messageToJson("google.protobuf.Any", { "@type": typeUrl, tlsCertificate } as never, options), {
    "@type": typeUrl,
    tls_certificate: shown,
  });
  assert.deepEqual(messageToJson(secret, { tlsCertificate }), { tlsCertificate });
});
