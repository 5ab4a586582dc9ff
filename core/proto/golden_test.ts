import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { checkMessage } from "./check.ts";
import { decodeMessage, encodeMessage, messageFromJson, messageToJson } from "./codec.ts";
import type { MessageName } from "./message_types.ts";

/** JSON and the bytes that Go makes of it: see `protos/README.md`. */
const GOLDENS: Readonly<Record<string, MessageName>> = {
  cluster: "envoy.config.cluster.v3.Cluster",
  listener: "envoy.config.listener.v3.Listener",
};

const read = (name: string) => readFileSync(new URL(`testdata/${name}`, import.meta.url), "utf8");

for (const [name, type] of Object.entries(GOLDENS)) {
  const json: unknown = JSON.parse(read(`${name}.json`));
  const hex = read(`${name}.hex`).trim();

  const goBytes = Buffer.from(hex, "hex");

  Deno.test(`encodeMessage() gives Go's bytes of the ${name} but for the order of fields`, () => {
    const bytes = encodeMessage(type, messageFromJson(type, json));
    // Go writes the fields of oneofs after all others, at every depth.
    assert.deepEqual(bytes.toSorted(), new Uint8Array(goBytes).toSorted());
    assert.deepEqual(decodeMessage(type, bytes), decodeMessage(type, goBytes));
  });

  Deno.test(`decodeMessage() reads Go's bytes of the ${name} as the JSON that they were made of`, () => {
    const message = decodeMessage(type, goBytes);
    const fromJson = messageFromJson(type, json);
    assert.deepEqual(encodeMessage(type, message), encodeMessage(type, fromJson));
    assert.deepEqual(checkMessage(type, message), []);
    assert.deepEqual(messageFromJson(type, messageToJson(type, message)), message);
    assert.deepEqual(messageFromJson(type, messageToJson(type, message, { fieldNames: "snake" })), message);
  });
}
