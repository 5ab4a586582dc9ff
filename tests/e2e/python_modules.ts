import { createHash } from "node:crypto";
import { join } from "node:path";

/** Where Python finds what a test wants (its `PYTHONPATH`), or why it can't. */
export type PythonModules =
  | { readonly kind: "found"; readonly path: string }
  | { readonly kind: "missing"; readonly reason: string };

/**
 * Packages of PyPI, each as in `grpcio==1.85.1`, for `python3`. They are installed once, into a folder of their own in
 * the cache: nothing else of Python's changes, and no test uses what is there by chance.
 */
export async function findPythonModules(requirements: readonly string[]): Promise<PythonModules> {
  const cache = Deno.env.get("XDG_CACHE_HOME") || join(Deno.env.get("HOME") ?? "", ".cache");
  // What is compiled fits one version of Python.
  const version = await run(["-c", "import sys; print(sys.version)"]);
  if (!version.ok) return { kind: "missing", reason: "python3 is not here." };
  const key = createHash("sha256").update([version.text, ...requirements].join("\n")).digest("hex").slice(0, 16);
  const path = join(cache, "signalbox", `python-${key}`);
  if (await Deno.stat(path).then(() => true, () => false)) return { kind: "found", path };
  await Deno.mkdir(join(cache, "signalbox"), { recursive: true });
  // In one step, so that a second run never meets half of it.
  const work = await Deno.makeTempDir({ dir: join(cache, "signalbox"), prefix: "python-" });
  const installed = await run([
    ...["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--only-binary", ":all:"],
    ...["--target", work, ...requirements],
  ]);
  if (!installed.ok) {
    await Deno.remove(work, { recursive: true });
    return { kind: "missing", reason: `"pip install ${requirements.join(" ")}" failed: ${lastLine(installed.text)}` };
  }
  await Deno.rename(work, path);
  return { kind: "found", path };
}

async function run(args: readonly string[]): Promise<{ readonly ok: boolean; readonly text: string }> {
  try {
    const command = new Deno.Command("python3", { args: [...args], stdin: "null", stdout: "piped", stderr: "piped" });
    const { success, stdout, stderr } = await command.output();
    const decoder = new TextDecoder();
    return { ok: success, text: decoder.decode(stdout) + decoder.decode(stderr) };
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return { ok: false, text: thrown.message };
    throw thrown;
  }
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
