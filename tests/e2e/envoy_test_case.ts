import { findEnvoy } from "../../core/dev/envoy_binary.ts";

const envoy = await findEnvoy();
if (envoy.kind === "missing") {
  if (Deno.env.get("CI")) throw new Error(envoy.reason);
  // deno-lint-ignore no-console
  console.warn(`Tests with Envoy are ignored: ${envoy.reason}`);
}

/** The Envoy of the tests; empty where there is none, and then no test that takes one runs. */
export const envoyPath = envoy.kind === "found" ? envoy.path : "";

/** A test that needs a real Envoy: ignored where there is none, and a failure in CI. */
export function testWithEnvoy(name: string, run: () => Promise<void>): void {
  Deno.test({ name, ignore: envoyPath === "", fn: run });
}
