/**
 * Makes `dist/signalbox`, one executable: `deno task compile [--target TARGET] [--out FILE]`.
 *
 * The source is bundled first, so that nothing but what runs is in it and what a command does not need is not read.
 * `SIGNALBOX_COMPILER` is the Deno that makes the executable, as in `npx -y deno@2.7.14`, where this one cannot fetch its
 * base; Deno itself takes that from `DENORT_BIN`.
 */
import { Command } from "commander";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { collectTypes } from "../core/author/new_plugin.ts";
import { EMBEDDED_FOLDER, type EmbeddedFile } from "../core/embedded.ts";

/** What `serve` needs, and `check` and `dev` to start programs; `serve` gives that up. Never: native code, remote imports. */
const PERMISSIONS = [
  ...["--allow-net", "--allow-read", "--allow-write", "--allow-env", "--allow-run", "--deny-import"],
  // To tell whether a file may be written, and replicas apart.
  "--allow-sys=uid,gid,hostname",
];

const TARGETS = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
];

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const BUILD = `${ROOT}dist/build`;

const program = new Command("deno task compile")
  .description("Makes one executable of Signalbox.")
  .option("--target <target>", `what it is to run on, of ${TARGETS.join(", ")}`, Deno.build.target)
  .option("--out <file>", "where it goes", "dist/signalbox")
  .parse(Deno.args, { from: "user" });
const { target, out } = program.opts<{ target: string; out: string }>();
if (!TARGETS.includes(target)) program.error(`error: the target must be of ${TARGETS.join(", ")}`);

await Deno.remove(BUILD, { recursive: true }).catch((thrown) => {
  if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
});
await Deno.mkdir(`${BUILD}/bundle/${EMBEDDED_FOLDER}`, { recursive: true });

await Deno.writeTextFile(
  `${BUILD}/signalbox.ts`,
  `import { processIo } from "../../core/command/process_io.ts";
import { run } from "../../core/command/run.ts";

Deno.exit(await run(Deno.args, processIo, ${JSON.stringify({ commit: await commit() })}));
`,
);
await embed("esbuild.wasm", await readFile(fileURLToPath(import.meta.resolve("esbuild-wasm/esbuild.wasm"))));
await embed("plugin_types.json", JSON.stringify(await collectTypes()));
await run([Deno.execPath()], [
  ...["bundle", "--quiet", "--platform", "deno", "--code-splitting"],
  ...["--outdir", `${BUILD}/bundle`, `${BUILD}/signalbox.ts`],
]);
const compiler = Deno.env.get("SIGNALBOX_COMPILER")?.split(" ") ?? [Deno.execPath()];
await run(compiler, [
  ...["compile", "--quiet", "--no-check", "--no-config", "--no-lock", "--no-prompt"],
  // It would lie where others can write.
  "--no-code-cache",
  ...PERMISSIONS,
  ...["--include", `${BUILD}/bundle/${EMBEDDED_FOLDER}`, "--target", target, "--output", out],
  `${BUILD}/bundle/signalbox.js`,
]);
const { size } = await Deno.stat(out);
// deno-lint-ignore no-console
console.log(`${out}: ${target}, ${(size / 1e6).toFixed(1)} MB`);

async function embed(file: EmbeddedFile, content: Uint8Array | string): Promise<void> {
  await Deno.writeFile(`${BUILD}/bundle/${EMBEDDED_FOLDER}/${file}.gz`, gzipSync(content, { level: 9 }));
}

/** What is built, as in `27cff9301234` or `27cff9301234+changes`; `SIGNALBOX_COMMIT` says so where there is no repository. */
async function commit(): Promise<string | undefined> {
  const given = Deno.env.get("SIGNALBOX_COMMIT");
  if (given) return given.slice(0, 12);
  const git = async (...args: readonly string[]) => {
    const { success, stdout } = await new Deno.Command("git", { args: ["-C", ROOT, ...args], stderr: "null" }).output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  };
  try {
    const head = await git("rev-parse", "--short=12", "HEAD");
    return head && await git("status", "--porcelain") === "" ? head : head && `${head}+changes`;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return undefined;
    throw thrown;
  }
}

async function run([file = "", ...words]: readonly string[], args: readonly string[]): Promise<void> {
  const command = new Deno.Command(file, {
    args: [...words, ...args],
    cwd: ROOT,
    // The graph of modules is deep.
    env: { RUST_MIN_STACK: "33554432" },
  });
  const { code } = await command.spawn().status;
  if (code !== 0) Deno.exit(code);
}
