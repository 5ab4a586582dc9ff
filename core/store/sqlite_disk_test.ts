import assert from "node:assert/strict";
import { join } from "node:path";
import { sampleRecord } from "../../tests/suite/store_suite.ts";
import { openSqliteStore } from "./sqlite_store.ts";

/** A file system of 1 MB of its own, or undefined where this process may not mount one. */
async function mountSmallDisk(): Promise<({ readonly folder: string } & AsyncDisposable) | undefined> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return undefined;
  const folder = await Deno.makeTempDir();
  if (!await succeeds("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder])) {
    await Deno.remove(folder);
    return undefined;
  }
  return {
    folder,
    async [Symbol.asyncDispose]() {
      await succeeds("umount", [folder]);
      await Deno.remove(folder);
    },
  };
}

async function succeeds(command: string, args: readonly string[]): Promise<boolean> {
  const { success } = await new Deno.Command(command, { args: [...args], stdout: "null", stderr: "null" }).output();
  return success;
}

Deno.test("commit() rejects with store_full when the disk is full, and goes on when there is room", async (t) => {
  await using disk = await mountSmallDisk();
  await t.step({
    name: "on a disk of 1 MB",
    ignore: disk === undefined, // needs root; sqlite_store_test.ts has the same with a limit of SQLite's own
    async fn() {
      assert(disk !== undefined);
      const path = join(disk.folder, "sessions.db");
      const store = await openSqliteStore(path);
      await store.commit(1, [{ kind: "put", record: sampleRecord("a") }]);
      const ballast = join(disk.folder, "ballast");
      await Deno.writeFile(ballast, new Uint8Array(2 ** 20)).catch(() => undefined);

      const many = Array.from({ length: 500 }, (_, i) => ({ kind: "put", record: sampleRecord(`s-${i}`) }) as const);
      await assert.rejects(store.commit(2, many), { code: "store_full" });
      await assert.rejects(store.commit(2, many), { code: "store_full" });
      assert.deepEqual(await store.load(), { generation: 1, records: [sampleRecord("a")] });

      await Deno.remove(ballast);
      await store.commit(2, many.slice(0, 200));
      await store.close();
      const again = await openSqliteStore(path);
      assert.equal((await again.load()).records.length, 201);
      await again.close();

      await Deno.writeFile(ballast, new Uint8Array(2 ** 20)).catch(() => undefined);
      await assert.rejects(openSqliteStore(join(disk.folder, "new.db")), { code: "store_full" });
      // A full disk does not hide what is there.
      const full = await openSqliteStore(path);
      assert.equal((await full.load()).records.length, 201);
      await full.close();
    },
  });
});
