import type { Command } from "commander";
import { SignalboxError } from "../signalbox_error.ts";
import type { CommandIo } from "./command_io.ts";

/** `token new`: a bearer token, and the line by which the config knows it. */
export function addTokenCommand(parent: Command, io: CommandIo): void {
  parent.command("token")
    .summary("make a bearer token")
    .description("Makes bearer tokens for clients of Signalbox.")
    .helpCommand(false)
    .command("new")
    .description("Prints a new token, and the line by which the config knows it. Signalbox keeps neither.")
    .argument("<name>", "what its holder is called in the log and in token:<name>")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  signalbox token new pod-manager")
    .action((name: string, options: { readonly json?: true }) => newToken(name, options, io));
}

async function newToken(name: string, { json }: { readonly json?: true }, io: CommandIo): Promise<void> {
  const { createToken, hashToken } = await import("../access/token.ts");
  const { formatYaml } = await import("./yaml_text.ts");
  const { tokensFileSchema } = await import("../config/config_schema.ts");
  const token = createToken();
  // The name is as good as the config takes it.
  const [issue] = tokensFileSchema.safeParse([{ name, sha256: hashToken(token) }]).error?.issues ?? [];
  if (issue) throw new SignalboxError("invalid_request", `Cannot make a token: NAME ${issue.message}`);
  const line = `- { name: ${formatYaml(name).trimEnd()}, sha256: ${hashToken(token)} }\n`;
  if (json) return io.out(`${JSON.stringify({ name, token, sha256: hashToken(token) }, null, 2)}\n`);
  io.out(`# For ${name}, and shown only now:\n${token}\n`);
  io.out(`# For http.tokens, xds.tokens, grpc.tokens or a tokensFile of Signalbox:\n${line}`);
}
