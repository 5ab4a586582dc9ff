import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The words that start Signalbox, before its command. A compiled Signalbox is its own program; from source it is
 * `SIGNALBOX_BIN` (a compiled binary to test), else Deno with `main.ts`.
 */
export function signalboxProgram(env: { readonly SIGNALBOX_BIN?: string } = Deno.env.toObject()): readonly string[] {
  if (Deno.build.standalone) return [Deno.execPath()];
  // It may be started in another folder.
  if (env.SIGNALBOX_BIN) return [resolve(env.SIGNALBOX_BIN)];
  return [Deno.execPath(), "run", "--quiet", "-A", fileURLToPath(new URL("../../main.ts", import.meta.url))];
}

/** Runs a Signalbox command to its end and returns what it printed. Throws with its complaints when it fails. */
export async function runSignalbox(args: readonly string[], program = signalboxProgram()): Promise<string> {
  const [file = "", ...rest] = [...program, ...args];
  const command = new Deno.Command(file, { args: rest, stdin: "null", stdout: "piped", stderr: "piped" });
  const { success, code, stdout, stderr } = await command.output();
  if (success) return new TextDecoder().decode(stdout);
  throw new Error(`Cannot run "signalbox ${args.join(" ")}": code ${code}\n${new TextDecoder().decode(stderr)}`);
}
