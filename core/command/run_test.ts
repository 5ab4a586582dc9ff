import assert from "node:assert/strict";
import manifest from "../../deno.json" with { type: "json" };
import { processIo } from "./process_io.ts";
import { run } from "./run.ts";
import { runCommand } from "./testdata/test_io.ts";

Deno.test("run() prints the version when it is asked for", async () => {
  assert.deepEqual(await runCommand(["--version"]), { code: 0, out: `signalbox ${manifest.version}\n`, err: "" });
});

Deno.test("run() prints the commit that an executable was made of", async () => {
  let out = "";
  const io = { ...processIo, out: (text: string) => void (out += text) };
  assert.equal(await run(["--version"], io, { commit: "0123456789ab" }), 0);
  assert.equal(out, `signalbox ${manifest.version} (0123456789ab)\n`);
});

Deno.test("run() lists every command when help is asked for", async () => {
  const { code, out, err } = await runCommand(["--help"]);
  assert.equal(code, 0);
  assert.equal(err, "");
  const commands = "serve check bootstrap sessions explain translate plugin token health dev".split(" ");
  for (const command of commands) {
    assert.match(out, new RegExp(`^  ${command} `, "m"));
  }
  assert.match(out, /^Examples:$/m);
  for (const hidden of ["try-plugins", "test-plugin"]) assert(!out.includes(hidden));
});

Deno.test("run() gives an example when the help of a command is asked for", async () => {
  const sessions = ["list", "get", "add", "remove"].map((name) => ["sessions", name]);
  const plugin = ["new", "test", "bundle"].map((name) => ["plugin", name]);
  for (
    const command of [
      ["serve"],
      ["check"],
      ["bootstrap"],
      ["explain"],
      ["sessions"],
      ...sessions,
      ["plugin"],
      ...plugin,
      ["token", "new"],
      ["health"],
    ]
  ) {
    const { code, out } = await runCommand([...command, "--help"]);
    assert.equal(code, 0);
    assert.match(out, new RegExp(`^Example:\n  signalbox ${command.join(" ")} `, "m"));
  }
});

Deno.test("run() prints help as an error when there is no command", async () => {
  for (const args of [[], ["sessions"]]) {
    const { code, out, err } = await runCommand(args);
    assert.equal(code, 2);
    assert.equal(out, "");
    assert.match(err, /^Usage: signalbox /);
  }
});

Deno.test("run() exits with 2 and says what is wrong when the arguments are not understood", async () => {
  const cases: readonly [readonly string[], RegExp][] = [
    [["sesions"], /^error: unknown command 'sesions'\n\(Did you mean sessions\?\)\nHelp: signalbox --help\n$/],
    [["sessions", "ad"], /^error: unknown command 'ad'\n\(Did you mean add\?\)\nHelp: signalbox sessions --help\n$/],
    [["--verison"], /^error: unknown option '--verison'\n\(Did you mean --version\?\)\n/],
    [["serve"], /^error: required option '-c, --config <file>' not specified\nHelp: signalbox serve --help\n$/],
    [["serve", "--confg", "x"], /^error: unknown option '--confg'\n\(Did you mean --config\?\)\n/],
    [["serve", "--config"], /argument missing/],
    [["serve", "-c", "a", "b"], /too many arguments/],
    [["bootstrap", "--mode", "v2"], /Allowed choices are delta, sotw, rest, grpc\.\n/],
    [["bootstrap", "--xds", "host"], /'--xds <host:port>' argument 'host' is invalid\. .*must be HOST:PORT/],
    [["bootstrap", "--admin-port", "70000"], /must be 0 to 65535/],
    [["sessions", "add"], /missing required argument 'id'/],
    [["sessions", "add", "a", "-f", "b"], /arguments cannot be used with option '-f/],
    [["sessions", "add", "-f", "b", "--ttl", "1s"], /cannot be used with option '--ttl/],
    [["sessions", "add", "a"], /missing required argument 'backends'/],
    [["sessions", "add", "a", "10.0.0.1"], /must be HOST:PORT/],
    [["sessions", "add", "a", "10.0.0.1:80", "--ttl", "5"], /must be a duration/],
    [["sessions", "add", "a", "10.0.0.1:80", "-l", "team"], /must be KEY=VALUE/],
    [["sessions", "list", "--url", "localhost:8080"], /must begin with http/],
    [["translate", "-c", "a", "-s", "b", "--diff", "c", "--without", "d"], /cannot be used with option '--without/],
    [["check", "-c", "a", "--time-limit", "5"], /must be a duration/],
    [["check", "-c", "a", "--time-limit", "0s"], /above 0/],
  ];
  for (const [args, message] of cases) {
    const { code, out, err } = await runCommand(args);
    assert.equal(code, 2, args.join(" "));
    assert.equal(out, "");
    assert.match(err, message);
  }
});

Deno.test("run() prints a stack only when the failure is a defect", async () => {
  const fetch = () => Promise.resolve({ ok: true, text: () => Promise.reject(new TypeError("oops")) });
  const { code, err } = await runCommand(["sessions", "get", "a"], { fetch: fetch as never });
  assert.equal(code, 1);
  assert.match(err, /^error: defect: TypeError: oops\n +at /);
});
