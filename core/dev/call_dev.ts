import type { CommandIo } from "../command/command_io.ts";
import { loadConfig } from "../config/load_config.ts";
import { SignalboxError } from "../signalbox_error.ts";
import { devFolder } from "./dev_folder.ts";
import { createEchoClient, describeFailure } from "./echo_client.ts";
import { echoTarget } from "./sandbox.ts";

/** One call through the Envoy of the laptop's sandbox, in words. Throws where it fails. */
export async function callDev(
  options: { readonly folder: string; readonly host: string; readonly text: string; readonly io: CommandIo },
): Promise<void> {
  const { host, text, io } = options;
  const folder = devFolder(options.folder);
  using client = createEchoClient(await echoTarget(await loadConfig(folder.runningPath), folder, host));
  const startedAtMs = performance.now();
  const result = await client.say({ text });
  const tookMs = Math.round(performance.now() - startedAtMs);
  if (!result.ok) throw new SignalboxError("not_ready", `Cannot call "${host}": ${describeFailure(result)}`);
  const { backend, authority, headers } = result.reply;
  io.out(`${backend} says "${result.reply.text}" to ${authority}, in ${tookMs} ms\n`);
  for (const [name, value] of Object.entries(headers)) io.out(`  ${name}: ${value}\n`);
  for (const [name, value] of Object.entries(result.trailers)) io.out(`  ${name}: ${value} (trailer)\n`);
}
