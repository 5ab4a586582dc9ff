import assert from "node:assert/strict";
import { join } from "node:path";
import { runCommand, withFolder } from "./testdata/test_io.ts";

Deno.test("plugin new, test and bundle make a plugin that a config takes", () =>
  withFolder(async (parent) => {
    const folder = join(parent, "tenant");
    const made = await runCommand(["plugin", "new", folder]);
    assert.deepEqual([made.code, made.err], [0, ""]);
    assert.match(made.out, /made: plugin\.ts, plugin_test\.ts/);

    const tested = await runCommand(["plugin", "test", folder]);
    assert.deepEqual([tested.code, tested.err], [0, ""]);
    assert.match(tested.out, /^ok {5}the pod is told the tenant \(\d+ ms\)$/m);
    assert.match(tested.out, /^9 passed, 0 failed$/m);

    const file = join(parent, "bundle.js");
    const { code, out } = await runCommand(["plugin", "bundle", folder, "--out", file]);
    assert.equal(code, 0);
    const config = join(parent, "signalbox.yaml");
    await Deno.writeTextFile(config, `domain: example.org\nstore: { kind: memory }\n${out}`);
    assert.deepEqual(await runCommand(["check", "--config", config]), {
      code: 0,
      out: `${config}: OK: config, 1 plugin on 8 sample sessions; its ports were not tried\n`,
      err: "",
    });

    await Deno.writeTextFile(file, "export default {};");
    const changed = await runCommand(["check", "--config", config]);
    assert.equal(changed.code, 1);
    assert.match(changed.err, /plugins\[0\]\.sha256: is not that of/);
  }));

Deno.test("plugin bundle prints what a config elsewhere takes, with the config that the plugin wants", () =>
  withFolder(async (parent) => {
    const from = join(parent, "team_header.js");
    await Deno.writeTextFile(
      from,
      `export default {
        apiVersion: 1,
        config: ({ z }) => z.strictObject({ header: z.string() }),
        examples: [{ config: { header: "x-team" } }],
        setup: () => ({}),
      };`,
    );
    const { code, out } = await runCommand(["plugin", "bundle", from, "--out", join(parent, "bundle.js")]);
    assert.equal(code, 0);
    assert.match(out, /^ {2}- name: team_header$/m);
    assert.match(out, /^ {4}config:\n {6}header: x-team$/m);
    await Deno.mkdir(join(parent, "etc"));
    const config = join(parent, "etc/signalbox.yaml");
    await Deno.writeTextFile(config, `domain: example.org\nstore: { kind: memory }\n${out}`);
    assert.deepEqual(await runCommand(["check", "--config", config]), {
      code: 0,
      out: `${config}: OK: config, 1 plugin on 4 sample sessions; its ports were not tried\n`,
      err: "",
    });
  }));

Deno.test("plugin bundle writes nothing of what is no plugin", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "plugin.ts"), "export const a: number = 1;");
    const out = join(folder, "a.js");
    const { code, err } = await runCommand(["plugin", "bundle", folder, "--out", out]);
    assert.deepEqual([code, err], [1, `error: Cannot bundle "${folder}": the module has no default export\n`]);
    await assert.rejects(Deno.stat(out), Deno.errors.NotFound);
  }));

Deno.test("plugin new makes nothing where a config would not take the name", () =>
  withFolder(async (parent) => {
    for (const name of ["My Plugin", "-a", "listener"]) {
      const { code, out, err } = await runCommand(["plugin", "new", join(parent, name)]);
      assert.deepEqual([code, out], [1, ""], name);
      assert.ok(err.startsWith(`error: Cannot call a plugin "${name}": the name `), err);
    }
    assert.deepEqual(await Array.fromAsync(Deno.readDir(parent)), []);
  }));

Deno.test("plugin test exits with 1 and says what failed", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(
      join(folder, "plugin.js"),
      "export default { apiVersion: 1, setup: () => ({ route: () => 5 }) };",
    );
    const { code, out, err } = await runCommand(["plugin", "test", folder]);
    assert.equal(code, 1);
    assert.match(out, /^FAILED sample sessions are built \(\d+ ms\)\n {7}session "plain-1": must give back an object/m);
    assert.match(out, /^2 passed, 1 failed$/m);
    assert.match(err, /^error: Cannot vouch for ".*": 1 test failed\n$/);
  }));

Deno.test("plugin test names the one test that does not end, or ends the process, and what it printed", () =>
  withFolder(async (folder) => {
    const write = (name: string, text: string) => Deno.writeTextFile(join(folder, name), text);
    const test = async (body: string) => {
      await write(
        "plugin_test.js",
        `export default { "fine": () => console.log("seen"), "bad": async () => { ${body} } };`,
      );
      const { code, out, err } = await runCommand(["plugin", "test", folder, "--time-limit", "1s"]);
      assert.equal(code, 1);
      assert.match(err, /^error: Cannot vouch for ".*": 1 test failed\n$/m);
      assert.match(out, /^seen\nok {5}fine \(\d+ ms\)\nFAILED bad \(\d+ ms\)$/m);
      assert.match(out, /^4 passed, 1 failed\n$/m);
      return / {7}(.*); what comes after it was not run$/m.exec(out)?.[1];
    };
    await write("plugin.js", "export default { apiVersion: 1, setup: () => ({}) };");
    assert.equal(await test("for (;;);"), "did not end within 1s");
    assert.equal(await test("await new Promise(() => {});"), "did not end within 1s");
    assert.equal(await test("Deno.exit(3);"), "ended the process: code 3");
    assert.equal(await test("Deno.exit(0);"), "ended the process");
    assert.match(
      await test('setTimeout(() => { throw new Error("late"); }); await new Promise(() => {});') ?? "",
      /^ended the process: .*late$/,
    );
  }));

Deno.test("plugin test finds a hook that does not end, and a plugin whose loading does not", () =>
  withFolder(async (folder) => {
    for (
      const [text, name] of [
        ["export default { apiVersion: 1, setup: () => ({ route() { for (;;); } }) };", "sample sessions are built"],
        ["for (;;);", "the plugin is loaded"],
      ] as const
    ) {
      await Deno.writeTextFile(join(folder, "plugin.js"), text);
      const { code, out } = await runCommand(["plugin", "test", folder, "--time-limit", "1s"]);
      assert.equal(code, 1);
      const [first = "", reason, total, ...rest] = out.split("\n");
      assert.match(first, new RegExp(`^FAILED ${name} \\(\\d+ ms\\)$`));
      assert.equal(reason, "       did not end within 1s; what comes after it was not run");
      assert.deepEqual([total, ...rest], ["0 passed, 1 failed", ""]);
    }
  }));

Deno.test("plugin test says what it cannot test", () =>
  withFolder(async (folder) => {
    assert.deepEqual(await runCommand(["plugin", "test", folder]), {
      code: 1,
      out: "",
      err: `error: Cannot test "${folder}": cannot load "${folder}": the folder has no plugin.ts or plugin.js\n`,
    });
  }));
