import type { Command } from "commander";
import type { CommandIo } from "./command_io.ts";

/** Where `dev` keeps its files, below the folder that it is started in. */
const FOLDER = ".signalbox/dev";

/** `dev`: all of it on a laptop, with a real Envoy; `dev call`: a call through that. */
export function addDevCommand(parent: Command, io: CommandIo): void {
  const dev = parent.command("dev")
    .summary("run everything on a laptop")
    .description(
      "Runs Signalbox with a sample config, two small gRPC backends, their sessions, and a real Envoy. " +
        "Signalbox restarts when its source or its config changes. Ctrl-C ends it all.",
    )
    .helpCommand(false)
    .option("--no-watch", "do not restart on changes")
    .addHelpText("after", `\nIts files are in ${FOLDER}. ENVOY_BIN names the Envoy to take.`)
    .action(async (options: { readonly watch: boolean }) => {
      const { runDev } = await import("../dev/run_dev.ts");
      await runDev({ folder: FOLDER, watch: options.watch, io });
    });

  dev.command("call")
    .summary("call a session through the laptop's Envoy")
    .description("Makes one gRPC call through the Envoy of a `dev` that runs, and prints what came back.")
    .argument("<host>", "the session's host")
    .argument("[text]", "what to say", "hello")
    .action(async (host: string, text: string) => {
      const { callDev } = await import("../dev/call_dev.ts");
      await callDev({ folder: FOLDER, host, text, io });
    });
}
