import assert from "node:assert/strict";
import { join } from "node:path";
import { openSqliteStore } from "./sqlite_store.ts";

const CHILD = new URL("testdata/commit_until_killed.ts", import.meta.url).pathname;

interface Child extends AsyncDisposable {
  /** Resolves when the child has reported a commit, with the last one that it reported. */
  reported(atLeast: number): Promise<number>;
  /** kill -9, then everything that it had reported until then: the last generation. */
  kill(): Promise<number>;
}

function startChild(path: string): Child {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-read", "--allow-write", "--allow-sys", CHILD, path],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  let alive = true;
  const last = () => Number(text.slice(0, text.lastIndexOf("\n") + 1).trimEnd().split("\n").at(-1) ?? 0);
  const read = async (until: () => boolean) => {
    while (!until()) {
      const { value, done } = await reader.read();
      if (done) return;
      text += value;
    }
  };
  const kill = async () => {
    if (alive) child.kill("SIGKILL");
    alive = false;
    await read(() => false);
    await child.status;
    return last();
  };
  return {
    kill,
    async reported(atLeast) {
      await read(() => last() >= atLeast);
      assert(last() >= atLeast, "the child ended early");
      return last();
    },
    async [Symbol.asyncDispose]() {
      await kill();
    },
  };
}

async function withPath(run: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(join(folder, "sessions.db"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("openSqliteStore() has every reported commit when the process before was killed", () =>
  withPath(async (path) => {
    let committed = 0;
    // The second child recovers the first one's log; the third goes past the log's first checkpoint.
    for (const more of [5, 50, 400]) {
      await using child = startChild(path);
      await child.reported(committed + more);
      committed = await child.kill();
      assert((await Deno.stat(`${path}-wal`)).size > 0, "nothing was left to recover");
    }
    const store = await openSqliteStore(path);
    const { generation, records } = await store.load();
    await store.close();

    // The last commit may have been done and not yet reported.
    assert(generation === committed || generation === committed + 1, `${generation} after ${committed} reported`);
    const ids = new Set(records.map((record) => record.session.id));
    for (let i = 1; i <= generation; i++) assert(ids.has(`s-${i}`), `s-${i} is gone`);
    assert.equal(ids.size, generation + 1, "a commit is there in part");
    assert(ids.has(`t-${generation}`));
  }));

Deno.test("openSqliteStore() rejects with store_locked until the process that has the store is killed", () =>
  withPath(async (path) => {
    await using child = startChild(path);
    await child.reported(1);
    await assert.rejects(openSqliteStore(path), {
      code: "store_locked",
      message: `Cannot open store "${path}": another process uses it`,
    });
    await child.reported(2);
    const committed = await child.kill();
    const store = await openSqliteStore(path);
    assert((await store.load()).generation >= committed);
    await store.close();
  }));
