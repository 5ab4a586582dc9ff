import assert from "node:assert/strict";
import { ResourceCache } from "../cache/resource_cache.ts";
import { SECRET } from "../cache/resource_type.ts";
import { PollStream } from "./poll_stream.ts";

Deno.test("receive() takes no more subscriptions than any Envoy has, and goes on with those that there are", () => {
  const stream = new PollStream(new ResourceCache({ listeners: [], clusters: [], secrets: [] }));
  const ask = (name: string) => stream.receive({ lane: name, typeUrl: SECRET, names: [name], version: "" }, 0);
  for (let i = 0; i < 1000; i++) assert.deepEqual(ask(String(i)), []);
  assert.equal(ask("one more"), undefined);
  assert.deepEqual(ask("0"), []);
  stream.close();
});
