import esbuild from "esbuild-wasm/lib/browser.js";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname, extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { readEmbedded } from "../embedded.ts";
import { fileFailure } from "../file_failure.ts";
import { findModule } from "./find_module.ts";
import { type Issue, SignalboxError } from "../signalbox_error.ts";

const LOADERS: Readonly<Record<string, esbuild.Loader>> = {
  ".ts": "ts",
  ".mts": "ts",
  ".js": "js",
  ".mjs": "js",
  ".json": "json",
};

export interface Bundle {
  /** One JavaScript module that imports nothing but `node:` modules. The same files always give the same. */
  readonly code: string;
  /** Of `code`, as 64 hex digits. */
  readonly sha256: string;
}

/**
 * A module and the files beside it that it imports, as one. One call at a time. Throws `not_found`, or `invalid_request`
 * with every place that cannot be read, parsed or resolved.
 */
export async function bundleModule(from: string): Promise<Bundle> {
  const found = await findModule(from);
  if (!found.ok) throw new SignalboxError("not_found", `Cannot bundle "${from}": ${found.message}`);
  // It runs in this very process: as WebAssembly it is in the compiled binary too.
  await esbuild.initialize({ wasmModule: await (wasmModule ??= readWasm()), worker: false });
  try {
    const { outputFiles: [output] } = await esbuild.build({
      entryPoints: [found.path],
      plugins: [filesBeside(dirname(found.path))],
      ...{ bundle: true, format: "esm", platform: "neutral", target: "es2024", write: false, logLevel: "silent" },
    });
    const code = output?.text ?? "";
    return { code, sha256: createHash("sha256").update(code).digest("hex") };
  } catch (thrown) {
    if (!isBuildFailure(thrown)) throw thrown;
    throw new SignalboxError("invalid_request", `Cannot bundle "${found.path}"`, {
      issues: thrown.errors.map(toIssue),
    });
  } finally {
    await esbuild.stop();
  }
}

/** Paths in the output begin at `root`, so that it is the same wherever the files are. */
function filesBeside(root: string): esbuild.Plugin {
  return {
    name: "files",
    setup(build) {
      build.onResolve({ filter: /.*/ }, ({ path, kind, importer }) => {
        if (kind === "entry-point") return { path: relative(root, path), namespace: "plugin" };
        // What the runtime itself has.
        if (path.startsWith("node:")) return { path, external: true };
        if (/^\.\.?\//.test(path)) return { path: join(dirname(importer), path), namespace: "plugin" };
        const text = `"${path}" is not beside the plugin: it can import relative paths, node: and types`;
        return { errors: [{ text }] };
      });
      build.onLoad({ filter: /.*/, namespace: "plugin" }, async ({ path }) => {
        try {
          return { contents: await readFile(join(root, path)), loader: LOADERS[extname(path)] ?? "js" };
        } catch (thrown) {
          return { errors: [{ text: `cannot read "${join(root, path)}": ${fileFailure(thrown)}` }] };
        }
      });
    },
  };
}

let wasmModule: Promise<WebAssembly.Module> | undefined;

async function readWasm(): Promise<WebAssembly.Module> {
  const bytes = Deno.build.standalone
    ? await readEmbedded("esbuild.wasm")
    : new Uint8Array(await readFile(fileURLToPath(import.meta.resolve("esbuild-wasm/esbuild.wasm"))));
  return await WebAssembly.compile(bytes);
}

function isBuildFailure(thrown: unknown): thrown is esbuild.BuildFailure {
  return thrown instanceof Error && "errors" in thrown && Array.isArray(thrown.errors);
}

function toIssue({ text, location }: esbuild.Message): Issue {
  const path = location === null ? "" : `${location.file.replace(/^plugin:/, "")}:${location.line}`;
  return { path, message: text };
}
