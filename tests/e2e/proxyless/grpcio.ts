import { join } from "node:path";

const GRPCIO = "grpcio==1.85.3";

/** A folder with gRPC's Python package for `PYTHONPATH`, or why there is none. */
export type Grpcio =
  | { readonly kind: "found"; readonly folder: string }
  | { readonly kind: "missing"; readonly reason: string };

/** The package from the cache, else from PyPI, which is then in the cache. */
export async function findGrpcio(): Promise<Grpcio> {
  const home = Deno.env.get("XDG_CACHE_HOME") || join(Deno.env.get("HOME") ?? "", ".cache");
  const cache = join(home, "signalbox");
  const version = await python(["-c", "import sys; print('%d.%d' % sys.version_info[:2])"]);
  if (!version.ok) return missing("python3 is not here");
  // Its wheels are for one version of Python each.
  const folder = join(cache, `${GRPCIO.replace("==", "-")}-python${version.text.trim()}`);
  if (await works(folder)) return { kind: "found", folder };
  await Deno.mkdir(cache, { recursive: true });
  const work = await Deno.makeTempDir({ dir: cache, prefix: "download-" });
  const pip = [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--disable-pip-version-check",
    "--no-input",
    "--only-binary",
    ":all:",
  ];
  const installed = await python([...pip, "--target", work, GRPCIO]);
  if (!installed.ok || !await works(work)) {
    await Deno.remove(work, { recursive: true });
    return missing(`"pip install ${GRPCIO}" failed: ${installed.text.trim().split("\n").at(-1)}`);
  }
  // In one step, so that a second run never meets half of it; the one that is first stays.
  await Deno.rename(work, folder).catch(() => Deno.remove(work, { recursive: true }));
  return { kind: "found", folder };
}

const missing = (reason: string): Grpcio => ({ kind: "missing", reason: `There is no grpcio: ${reason}.` });

async function works(folder: string): Promise<boolean> {
  return (await python(["-c", "import grpc"], { PYTHONPATH: folder })).ok;
}

async function python(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly ok: boolean; readonly text: string }> {
  try {
    const command = new Deno.Command("python3", {
      args: [...args],
      env,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
    const { success, stdout, stderr } = await command.output();
    const decoder = new TextDecoder();
    return { ok: success, text: decoder.decode(stdout) + decoder.decode(stderr) };
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
    return { ok: false, text: thrown.message };
  }
}
