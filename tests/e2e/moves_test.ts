import assert from "node:assert/strict";
import { testWithEnvoy } from "./envoy_test_case.ts";
import { createWorld } from "./harness.ts";
import { startLoad } from "./load.ts";

const SESSIONS = 4;
const ROUNDS = 250;

testWithEnvoy("1,000 moves of sessions that are called through two Envoys fail no call", async () => {
  await using world = await createWorld({ envoys: 2 });
  const a = await world.addBackend("a");
  const b = await world.addBackend("b");
  const ids = Array.from({ length: SESSIONS }, (_, index) => `s${index}`);
  const places = [0, 1].flatMap((envoy) => ids.map((id) => ({ envoy, authority: `${id}.example.org` })));
  for (const id of ids) await world.api.register({ id, backend: a });
  for (const { authority, envoy } of places) await world.untilAnswered(authority, "a", { envoy });

  await using load = startLoad(places.map(({ authority, envoy }) => world.client(authority, { envoy })));
  let generation = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const backend = round % 2 === 0 ? b : a;
    const answers = await Promise.all(ids.map((id) => world.api.register({ id, backend })));
    const generations = answers.map(({ body }) => (body as { readonly generation: number }).generation);
    generation = Math.max(...generations);
  }
  const live = await world.api.request("GET", `/generations/${generation}?wait=live&timeout=20s`);
  assert.equal(live.status, 200, JSON.stringify(live.body));
  for (const { authority, envoy } of places) {
    using client = world.client(authority, { envoy });
    const result = await client.say({ text: "hello" });
    assert.ok(result.ok && result.reply.backend === "a", JSON.stringify(result));
  }
  const { failures, byBackend } = await load.stop();
  assert.deepEqual(failures, []);
  for (const name of ["a", "b"]) assert.ok((byBackend[name] ?? 0) > SESSIONS, JSON.stringify(byBackend));
});
