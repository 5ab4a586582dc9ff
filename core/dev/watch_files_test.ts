import assert from "node:assert/strict";
import { join } from "node:path";
import { watchFiles } from "./watch_files.ts";

Deno.test("watchFiles() tells what changed, replaced files included, and nothing that doesn't count", async () => {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "signalbox-watch-" }));
  const file = join(folder, "a.ts");
  await Deno.writeTextFile(file, "1");
  {
    using watch = watchFiles([{ folder, recursive: true, counts: (path) => path.endsWith(".ts") }], { quietMs: 20 });
    const changes = watch.changes[Symbol.asyncIterator]();
    await Deno.writeTextFile(join(folder, "a.db"), "1");
    await Deno.writeTextFile(join(folder, "new"), "2");
    await Deno.rename(join(folder, "new"), file);
    assert.deepEqual((await changes.next()).value, [file]);
    await Deno.writeTextFile(file, "3");
    assert.deepEqual((await changes.next()).value, [file]);
    watch.close();
    assert.equal((await changes.next()).done, true);
  }
  await Deno.remove(folder, { recursive: true });
});
