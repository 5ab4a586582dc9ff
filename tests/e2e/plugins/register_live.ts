import assert from "node:assert/strict";
import type { SampleRegistration } from "../../../core/author/plugin_tests.ts";
import type { World } from "../harness.ts";

/** Registers a session, in place of the one of its id, and returns once Envoy has all of it. */
export async function registerLive(world: World, { id, ...rest }: SampleRegistration): Promise<void> {
  const { status, body } = await world.api.request("PUT", `/xds/tasks/${id}?wait=live&timeout=20s`, rest);
  assert.ok(status === 200 || status === 201, `${status} ${JSON.stringify(body)}`);
}
