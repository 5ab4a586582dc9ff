import assert from "node:assert/strict";
import { encodeAny, packAny, typeUrlOf } from "./any.ts";
import { decodeMessage, encodeMessage } from "./codec.ts";
import { concatBytes, fieldBytes, fieldString, fieldVarint } from "./wire.ts";

Deno.test("concatBytes() of fields is the message that has them", () => {
  const address = { socketAddress: { address: "10.0.0.1", portValue: 80 } };
  const endpoint = { address, hostname: "ä".repeat(100) };
  const bytes = concatBytes([
    fieldBytes(1, encodeMessage("envoy.config.core.v3.Address", address)),
    fieldString(3, endpoint.hostname),
  ]);
  assert.deepEqual(bytes, encodeMessage("envoy.config.endpoint.v3.Endpoint", endpoint));
});

Deno.test("fieldVarint() writes integers, booleans and enums by number", () => {
  const bytes = concatBytes([fieldVarint(6, 5), fieldVarint(32, 1)]);
  assert.deepEqual(decodeMessage("envoy.config.cluster.v3.Cluster", bytes), {
    lbPolicy: "MAGLEV",
    ignoreHealthOnHostRemoval: true,
  });
  assert.deepEqual(decodeMessage("google.protobuf.UInt64Value", fieldVarint(1, 2 ** 40)), { value: 2 ** 40 });
});

Deno.test("concatBytes() gives an array of its own", () => {
  const part = new Uint8Array([1]);
  const whole = concatBytes([part]);
  part[0] = 2;
  assert.deepEqual(whole, new Uint8Array([1]));
  assert.equal(whole.buffer.byteLength, 1);
  assert.deepEqual(concatBytes([]), new Uint8Array());
});

Deno.test("encodeAny() packs encoded bytes as encodeMessage() packs a message", () => {
  const type = "envoy.config.core.v3.Locality";
  for (const message of [{ zone: "a" }, {}]) {
    const { typeUrl, value } = packAny(type, message);
    assert.equal(typeUrl, typeUrlOf(type));
    const packed = encodeMessage("google.protobuf.Any", { "@type": typeUrl, ...message } as never);
    assert.deepEqual(encodeAny(type, value), packed);
    assert.deepEqual(encodeAny(typeUrl, value), packed);
  }
});
