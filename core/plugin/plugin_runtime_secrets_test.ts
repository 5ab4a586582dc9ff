import assert from "node:assert/strict";
import { join } from "node:path";
import { checkInput } from "./check_input.ts";
import type { Schemas, Secret } from "./plugin.ts";
import { PluginRuntime } from "./plugin_runtime.ts";

const schema = ({ z, secret }: Schemas) =>
  z.strictObject({ token: secret((text) => text.includes(" ") ? "must be one word" : undefined) });

function tokenOf(schemas: Schemas, reference: { readonly env: string } | { readonly file: string }) {
  const checked = checkInput(schema(schemas), { token: reference });
  assert(!(checked instanceof Promise));
  return checked.ok ? (checked.value as { readonly token: Secret }).token : checked.issues;
}

Deno.test("secret() says where the reference stands what is wrong with the secret, and nothing of a sample", () => {
  Deno.env.set("SIGNALBOX_TEST_TOKEN", "two words");
  using runtime = new PluginRuntime({ invalidate: () => {}, sessionSecrets: { envPrefix: "SIGNALBOX_TEST_" } });
  const place = { name: "tested", baseDir: "." };
  const issues = [{ path: "token", message: "must be one word" }];
  for (const schemas of [runtime.configSchemas(place), runtime.sessionSchemas()]) {
    assert.deepEqual(tokenOf(schemas, { env: "SIGNALBOX_TEST_TOKEN" }), issues);
  }
  using samples = new PluginRuntime({ invalidate: () => {}, sampleSecrets: { of: "all", text: "a sample" } });
  const sample = tokenOf(samples.sessionSchemas(), { file: "nowhere" });
  assert("reveal" in sample && sample.reveal() === "a sample");
});

Deno.test("secret() has a plugin's secret fail when its file becomes what it may not be", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const changed = Promise.withResolvers<void>();
    using runtime = new PluginRuntime({ invalidate: () => changed.resolve() });
    const file = join(folder, "token");
    await Deno.writeTextFile(file, "word\n");
    const token = tokenOf(runtime.configSchemas({ name: "tested", baseDir: folder }), { file: "token" });
    assert("reveal" in token && token.reveal() === "word");
    await Deno.writeTextFile(file, "two words\n");
    await changed.promise;
    assert.throws(() => token.reveal(), /^Error: must be one word$/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
