import type { Command } from "commander";
import type { Config } from "../config/config.ts";
import { SignalboxError } from "../signalbox_error.ts";
import type { CommandIo } from "./command_io.ts";
import { formatHostPort, reachable } from "./host_port.ts";

const TIMEOUT_MS = 5_000;

/** `health`: whether the Signalbox of a config is ready, for containers that have nothing else to ask with. */
export function addHealthCommand(parent: Command, io: CommandIo): void {
  parent.command("health")
    .summary("ask the Signalbox of this machine whether it is ready")
    .description(
      "Asks the Signalbox that runs with this config on this machine whether it is ready: exits with 0 or 1.",
    )
    .requiredOption("-c, --config <file>", "the config file (YAML)")
    .addHelpText("after", "\nExample:\n  signalbox health --config signalbox.yaml")
    .action((options: { config: string }) => health(options.config, io));
}

async function health(path: string, io: CommandIo): Promise<void> {
  const { loadConfig } = await import("../config/load_config.ts");
  const { http } = await loadConfig(path);
  if (http.port === 0) {
    throw new SignalboxError("invalid_config", `Cannot tell Signalbox's port: ${path} has http.port 0`);
  }
  const status = await ask(http);
  if (status !== 200) throw new SignalboxError("not_ready", `Signalbox is not ready: it answers ${status}`);
  io.out("ready\n");
}

/** The status of `/readyz`. The certificate is not looked at: it need not be for this address, and nothing is at stake. */
async function ask({ address, port, tls }: Config["http"]): Promise<number> {
  const { request } = tls ? await import("node:https") : await import("node:http");
  const host = reachable(address);
  return await new Promise((resolve, reject) => {
    const unreachable = (state: string) =>
      reject(new SignalboxError("not_ready", `Cannot reach "${formatHostPort({ host, port })}": ${state}`));
    const asked = request({ host, port, path: "/readyz", timeout: TIMEOUT_MS, rejectUnauthorized: false });
    asked.on("response", (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode ?? 0));
    });
    asked.on("timeout", () => asked.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    asked.on("error", ({ message }) => unreachable(message));
    asked.end();
  });
}
