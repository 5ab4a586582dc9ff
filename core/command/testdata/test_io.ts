import assert from "node:assert/strict";
import type { CommandIo } from "../command_io.ts";
import { run } from "../run.ts";

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** What a command does with the world that `world` describes; everything else that it touches fails the test. */
export async function runCommand(args: readonly string[], world: Partial<CommandIo> = {}): Promise<Outcome> {
  let out = "";
  let err = "";
  const code = await run(args, {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    in: () => assert.fail("nothing should be read"),
    env: () => undefined,
    fetch: () => assert.fail("nothing should be fetched"),
    createSignalbox: () => assert.fail("Signalbox should not be started"),
    untilStopped: () => assert.fail("nothing should wait"),
    ...world,
  });
  return { code, out, err };
}

/** Runs `body` with a folder of its own. */
export async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
