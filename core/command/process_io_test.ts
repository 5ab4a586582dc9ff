import assert from "node:assert/strict";

const CHILD = new URL("testdata/wait_until_stopped.ts", import.meta.url).pathname;

Deno.test("untilStopped() resolves at the first signal, and the second ends the process", async () => {
  for (const [first, second] of [["SIGINT", "SIGINT"], ["SIGTERM", "SIGINT"], ["SIGINT", "SIGTERM"]] as const) {
    const child = new Deno.Command(Deno.execPath(), { args: ["run", "--quiet", CHILD], stdout: "piped" }).spawn();
    let seen = 0;
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      // The child writes a line a step and waits for the signal that follows.
      for (const line of text.trimEnd().split("\n")) {
        seen++;
        child.kill(line === "listening" ? first : second);
      }
    }
    assert.equal(seen, 2);
    assert.equal((await child.status).code, 130);
  }
});

Deno.test("untilStopped() resolves when the terminal ends, where it is asked to", async () => {
  for (const [args, lines, code] of [[["--hang-up"], 2, 130], [[], 1, 129]] as const) {
    const child = new Deno.Command(Deno.execPath(), { args: ["run", "--quiet", CHILD, ...args], stdout: "piped" })
      .spawn();
    let seen = 0;
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      for (const line of text.trimEnd().split("\n")) {
        seen++;
        child.kill(line === "listening" ? "SIGHUP" : "SIGTERM");
      }
    }
    assert.deepEqual([seen, (await child.status).code], [lines, code]);
  }
});

const WRITER = new URL("testdata/write_much.ts", import.meta.url).pathname;

Deno.test("out() has written everything when it returns", async () => {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), { args: ["run", "--quiet", WRITER] }).output();
  assert.equal(code, 0);
  assert.equal(stdout.length, 10_000_000);
});

Deno.test("out() ends the process without a word when nobody reads any more", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", WRITER],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  await child.stdout.cancel();
  assert.equal(await new Response(child.stderr).text(), "");
  assert.equal((await child.status).code, 141);
});
