import assert from "node:assert/strict";
import { join } from "node:path";
import { lockFolder } from "./folder_lock.ts";

Deno.test("lockFolder() throws store_locked until the lock is disposed of", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "a", "b");
    {
      using _lock = await lockFolder(path);
      await assert.rejects(lockFolder(path), {
        code: "store_locked",
        message: `Cannot run in "${path}": another \`dev\` runs there`,
      });
    }
    using _again = await lockFolder(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
