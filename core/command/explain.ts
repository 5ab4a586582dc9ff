import type { Command } from "commander";
import type { CommandIo } from "./command_io.ts";
import { addServerOptions, connect, type ServerOptions } from "./server_option.ts";

/** `explain`: which plugin made what of a session, and why it is not served where it is not. */
export function addExplainCommand(parent: Command, io: CommandIo): void {
  addServerOptions(parent.command("explain"))
    .summary("say why a session is served as it is")
    .description("Asks a Signalbox that runs what each plugin changed of a session, and what went wrong.")
    .argument("<id>", "the session")
    .addHelpText("after", "\nExample:\n  signalbox explain session-123")
    .action((id: string, options: ServerOptions) => explain(id, options, io));
}

async function explain(id: string, options: ServerOptions, io: CommandIo): Promise<void> {
  const explanation = await (await connect(options, io)).explain(id);
  if (options.json) return io.out(`${JSON.stringify(explanation, null, 2)}\n`);
  const { formatExplanation } = await import("./explanation_text.ts");
  io.out(formatExplanation(explanation));
}
