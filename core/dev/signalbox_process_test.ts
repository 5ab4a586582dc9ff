import assert from "node:assert/strict";
import { startSignalbox } from "./signalbox_process.ts";

/** A stand-in that is given `serve --config X`: a shell with a script. */
const shell = (script: string) => ["/bin/sh", "-c", script, "signalbox"];

Deno.test("startSignalbox() learns the ports from the log, and stop() ends it", async () => {
  await using signalbox = await startSignalbox({
    configPath: "x.yaml",
    program: shell(`
      echo '{"level":"INFO","message":"xDS listening","address":"127.0.0.1","port":18000}' >&2
      echo "not JSON: $1 $2 $3" >&2
      echo '{"level":"INFO","message":"HTTP API listening","address":"::1","port":8080}' >&2
      exec sleep 60
    `),
  });
  assert.equal(signalbox.httpUrl, "http://[::1]:8080");
  assert.equal(signalbox.xdsPort, 18000);
  assert.equal(signalbox.records[1]?.message, "not JSON: serve --config x.yaml");
  await signalbox.stop();
  assert.equal((await signalbox.exited).signal, "SIGTERM");
});

Deno.test("startSignalbox() kills what does not stop", async () => {
  const signalbox = await startSignalbox({
    configPath: "x.yaml",
    program: shell(`
      trap "" TERM
      echo '{"message":"xDS listening","port":1}' >&2; echo '{"message":"HTTP API listening","port":2}' >&2
      while :; do read -r line || :; done
    `),
  });
  await signalbox.stop({ graceMs: 20 });
  assert.equal((await signalbox.exited).signal, "SIGKILL");
});

Deno.test("startSignalbox() throws what Signalbox said when it ends before it listens", async () => {
  const program = shell(`echo "Cannot read config" >&2; exit 3`);
  await assert.rejects(startSignalbox({ configPath: "x.yaml", program }), /code 3\nCannot read config/);
});

Deno.test("startSignalbox() throws when Signalbox is too slow, and leaves nothing running", async () => {
  const program = shell("exec sleep 60");
  await assert.rejects(startSignalbox({ configPath: "x.yaml", program, timeoutMs: 20 }), /after 20 ms/);
});
