import assert from "node:assert/strict";
import { join } from "node:path";
import { SignalboxError } from "../signalbox_error.ts";
import { runCommand, withFolder } from "./testdata/test_io.ts";

Deno.test("serve runs Signalbox with the config until it is stopped, then closes it", () =>
  withFolder(async (folder) => {
    const file = join(folder, "s.yaml");
    await Deno.writeTextFile(file, "domain: example.org");
    const steps: string[] = [];
    const stop = Promise.withResolvers<void>();
    const outcome = await runCommand(["serve", "--config", file], {
      createSignalbox: (config) => {
        steps.push(`start ${config.domain}`);
        const close = () => Promise.resolve(void steps.push("close"));
        queueMicrotask(() => {
          steps.push("stop");
          stop.resolve();
        });
        return Promise.resolve({ httpUrl: "http://127.0.0.1:1", xdsAddress: "127.0.0.1:2", close });
      },
      untilStopped: () => {
        steps.push("listen for signals");
        return stop.promise;
      },
    });
    assert.deepEqual(outcome, { code: 0, out: "", err: "" });
    assert.deepEqual(steps, ["listen for signals", "start example.org", "stop", "close"]);
  }));

Deno.test("serve exits with 0 when it is stopped during the start", () =>
  withFolder(async (folder) => {
    const file = join(folder, "s.yaml");
    await Deno.writeTextFile(file, "domain: example.org");
    const stop = Promise.withResolvers<void>();
    const outcome = await runCommand(["serve", "--config", file], {
      createSignalbox: (_config, signal) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
          stop.resolve();
        }),
      untilStopped: () => stop.promise,
    });
    assert.deepEqual(outcome, { code: 0, out: "", err: "" });
  }));

Deno.test("serve exits with 1 and starts nothing when the config is not acceptable", () =>
  withFolder(async (folder) => {
    const file = join(folder, "s.yaml");
    await Deno.writeTextFile(file, "domain: example.org\nhttp:\n  port: 70000\nfoo: 1\n");
    assert.deepEqual(await runCommand(["serve", "--config", file]), {
      code: 1,
      out: "",
      err: "error: the config is not valid\n" +
        `${file}:3: http.port: must be 0 to 65535\n${file}:4: foo: is not a known key\n`,
    });
    const missing = join(folder, "none.yaml");
    assert.deepEqual(await runCommand(["serve", "--config", missing]), {
      code: 1,
      out: "",
      err: `error: Cannot read config "${missing}": there is no such file\n`,
    });
  }));

Deno.test("serve names every issue when what the config says cannot be used", () =>
  withFolder(async (folder) => {
    const file = join(folder, "s.yaml");
    await Deno.writeTextFile(file, "domain: example.org");
    const issues = [{ path: "listeners[0].tls.cert", message: "is gone" }, { path: "", message: "is odd" }];
    const outcome = await runCommand(["serve", "--config", file], {
      createSignalbox: () =>
        Promise.reject(new SignalboxError("invalid_config", "Cannot use the listeners' certificates", { issues })),
      untilStopped: () => Promise.withResolvers<void>().promise,
    });
    assert.equal(
      outcome.err,
      "error: Cannot use the listeners' certificates\n  listeners[0].tls.cert: is gone\n  is odd\n",
    );
  }));

Deno.test("serve exits with 1 and one line when Signalbox does not start", () =>
  withFolder(async (folder) => {
    const file = join(folder, "s.yaml");
    await Deno.writeTextFile(file, "domain: example.org");
    const outcome = await runCommand(["serve", "--config", file], {
      createSignalbox: () => Promise.reject(new SignalboxError("store_locked", 'Cannot open store "x": in use')),
      untilStopped: () => Promise.withResolvers<void>().promise,
    });
    assert.deepEqual(outcome, { code: 1, out: "", err: 'error: Cannot open store "x": in use\n' });
  }));

Deno.test("serve starts nothing that anybody on the network could use, unless it is told to", () =>
  withFolder(async (folder) => {
    const file = join(folder, "s.yaml");
    await Deno.writeTextFile(file, "domain: example.org\nhttp: {address: 0.0.0.0}\nxds: {address: '::'}\n");
    const { code, out, err } = await runCommand(["serve", "--config", file]);
    assert.deepEqual([code, out], [1, ""]);
    const [first, ...lines] = err.trimEnd().split("\n");
    assert.equal(first, "error: the config is not valid");
    assert.deepEqual(lines.map((line) => line.split(": ")[1]), ["http.address", "xds.address", "xds.address"]);
    for (const line of lines) assert.match(line, /, or start with --insecure$/);

    let started = 0;
    const outcome = await runCommand(["serve", "--config", file, "--insecure"], {
      createSignalbox() {
        started++;
        return Promise.resolve({ httpUrl: "", xdsAddress: "", close: () => Promise.resolve() });
      },
      untilStopped: () => Promise.resolve(),
    });
    assert.deepEqual([outcome, started], [{ code: 0, out: "", err: "" }, 1]);
  }));
