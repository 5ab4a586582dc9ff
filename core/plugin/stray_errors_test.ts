import assert from "node:assert/strict";
import { join } from "node:path";
import { until } from "../dev/until.ts";
import { importBytes } from "./load_module.ts";
import { containStrayErrors } from "./stray_errors.ts";

const STRAY = `
export function stray() {
  setTimeout(() => { throw new Error("in a timer"); }, 1);
  queueMicrotask(() => { throw new RangeError("in a microtask"); });
  void Promise.reject(new TypeError("rejected"));
  void (async () => { await 1; throw new Error("after a wait"); })();
}`;

Deno.test("containStrayErrors() tells what plugins throw where nobody catches, by the plugin, and the process goes on", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(join(folder, "plugin.ts"), STRAY);
    const found: string[] = [];
    using _contained = containStrayErrors({
      plugins: [
        { name: "pinned", from: join(folder, "pinned.js"), sha256: "0" },
        { name: "from-folder", from: folder },
        { name: "bundled" },
      ],
      onError: (plugin, error) => found.push(`${plugin}: ${error.message}`),
    });
    (await import(`file://${join(folder, "plugin.ts")}`)).stray();
    const { stray } = await importBytes(new TextEncoder().encode(STRAY), "text/javascript");
    assert(typeof stray === "function");
    stray();
    await until(() => found.length === 8);
    const what = ["after a wait", "in a microtask", "in a timer", "rejected"];
    assert.deepEqual(
      found.toSorted(),
      ["from-folder", "pinned"].flatMap((plugin) => what.map((text) => `${plugin}: ${text}`)),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("containStrayErrors() leaves errors that no plugin has a part in, and all of them when it has ended", () => {
  let contained = 0;
  const contain = containStrayErrors({
    plugins: [{ name: "elsewhere", from: "/elsewhere/plugin.ts" }, { name: "timeouts" }],
    onError: () => contained++,
  });
  const ofPlugin = Object.assign(new Error("no"), { stack: "Error: no\n    at file:///elsewhere/words/word.ts:1:1" });
  const isHandled = (error: unknown) => {
    const event = new ErrorEvent("error", { error, cancelable: true });
    globalThis.dispatchEvent(event);
    return event.defaultPrevented;
  };
  assert.deepEqual([isHandled(ofPlugin), isHandled(new Error("ours")), isHandled("a text")], [true, false, false]);
  contain[Symbol.dispose]();
  assert.deepEqual([isHandled(ofPlugin), contained], [false, 1]);
});
