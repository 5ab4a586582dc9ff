import type { Command } from "commander";
import type { CommandIo } from "./command_io.ts";
import { workApart } from "./run_apart.ts";

/** The hidden command that tests a plugin in a process of its own, and says what it does line by line. */
export const TEST_COMMAND = "test-plugin";

/** What `test-plugin` says. */
export type TestLine =
  | { readonly kind: "begin"; readonly name: string }
  | { readonly kind: "result"; readonly result: TestOutcome }
  | { readonly kind: "end" };

export interface TestOutcome {
  readonly name: string;
  readonly ms: number;
  /** What went wrong; absent where nothing did. */
  readonly error?: string;
}

/** `test-plugin`, which `plugin test` runs as a process of its own. */
export function addTestPluginCommand(parent: Command, io: CommandIo): void {
  parent.command(TEST_COMMAND, { hidden: true })
    .argument("<path>")
    .action((path: string) =>
      workApart<TestLine>(io, async (say) => {
        const { runPluginTests } = await import("../author/run_plugin_tests.ts");
        for await (const { name, ms, ...rest } of runPluginTests(path, (name) => say({ kind: "begin", name }))) {
          say({ kind: "result", result: { name, ms, ...("error" in rest ? { error: describe(rest.error) } : {}) } });
        }
        say({ kind: "end" });
      })
    );
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
