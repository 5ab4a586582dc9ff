import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { hasBubblewrap } from "./bubblewrap.ts";
import { envoyPath } from "./envoy_test_case.ts";

/** The first shell commands below a heading of the README, as they are written. */
async function commandsBelow(heading: string): Promise<string> {
  const [, below = ""] = (await Deno.readTextFile("README.md")).split(`\n${heading}\n`);
  const [, commands] = /```sh\n(.*?)```/s.exec(below) ?? [];
  return commands ?? assert.fail(`README.md has no commands below "${heading}"`);
}

async function run(program: string, args: readonly string[], options: Deno.CommandOptions = {}): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { ...options, args: [...args] }).output();
  const [out = "", err = ""] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert.ok(success, `${program} failed:\n${out}${err}`);
  return out;
}

/** The repository, without what tests and builds leave in it. */
async function checkOut(folder: string): Promise<void> {
  await Deno.mkdir(folder);
  const parts = ["deno.json", "deno.lock", "main.ts", "core", "plugins", "protos", "deploy", "README.md"];
  await run("cp", ["-r", ...parts, folder]);
}

/** Runs $1, $2 and $3 as somebody would who follows the README, and $4 when they have come up. */
const SCRIPT = `
set -eu
code() { curl -s -o /dev/null -w '%{http_code}' "$@" || true; }
until_code() { until [ "$(code "\${@:2}")" = "$1" ]; do sleep 0.05; done; }
fail() { cat ./*.log >&2; kill $$; }
eval "$1"
{ eval "$2" 2>serve.log || fail; } &
until_code 200 localhost:8080/readyz
{ eval "$3" 2>envoy.log || fail; } &
until_code 404 -H 'host: session-123.example.org' localhost:10000
eval "$4"
# The route is there; the pod's address leads nowhere.
until_code 503 -H 'host: session-123.example.org' localhost:10000
`;

Deno.test({
  name: "the README's commands start Signalbox and Envoy from a clean checkout, and register a session",
  ignore: envoyPath === "" || !hasBubblewrap,
  async fn() {
    const [config = "", serve = "", envoy = "", ...rest] = (await commandsBelow("## Use it")).trimEnd().split("\n");
    assert.deepEqual(rest, []);
    const register = await commandsBelow("### Register sessions");
    const folder = await Deno.makeTempDir({ prefix: "signalbox-readme-" });
    try {
      await checkOut(join(folder, "checkout"));
      await Deno.mkdir(join(folder, "bin"));
      await Deno.symlink(envoyPath, join(folder, "bin/envoy"));
      const path = [join(folder, "bin"), dirname(Deno.execPath()), Deno.env.get("PATH")].join(":");
      // Its own network: the ports are those that everybody has.
      const own = ["--unshare-net", "--unshare-ipc", "--unshare-pid", "--proc", "/proc", "--tmpfs", "/dev/shm"];
      const printed = await run("bwrap", [
        ...["--dev-bind", "/", "/", ...own, "--die-with-parent", "--chdir", join(folder, "checkout")],
        ...["bash", "-c", SCRIPT, "bash", config, serve, envoy, register],
      ], { env: { PATH: path }, signal: AbortSignal.timeout(120_000) });
      assert.match(printed, /"id":"session-123"/);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
