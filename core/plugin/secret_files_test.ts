import assert from "node:assert/strict";
import { join } from "node:path";
import { until } from "../dev/until.ts";
import { SecretFiles } from "./secret_files.ts";
import { SessionReads } from "./session_reads.ts";

interface Bed extends AsyncDisposable {
  readonly folder: string;
  readonly reads: SessionReads;
  readonly files: SecretFiles;
  readonly invalidated: (readonly string[] | "all")[];
  write(name: string, text: string): Promise<void>;
  /** Replaces the file by another, as careful writers do. */
  replace(name: string, text: string): Promise<void>;
  /** What a build of the session reads, which is served then. */
  serve(session: string, name: string): string;
}

async function createBed(): Promise<Bed> {
  const folder = await Deno.makeTempDir();
  const reads = new SessionReads();
  const invalidated: (readonly string[] | "all")[] = [];
  const files = new SecretFiles({ reads, invalidate: (sessions) => invalidated.push(sessions) });
  const write = (name: string, text: string) => Deno.writeTextFile(join(folder, name), text);
  return {
    ...{ folder, reads, files, invalidated, write },
    async replace(name, text) {
      await write(`${name}.new`, text);
      await Deno.rename(join(folder, `${name}.new`), join(folder, name));
    },
    serve(session, name) {
      const { result, reads: read } = reads.record(() => files.readForSession(join(folder, name)));
      reads.replace(session, read);
      return result;
    },
    async [Symbol.asyncDispose]() {
      files[Symbol.dispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

const includes = ({ invalidated }: Bed, ...sessions: readonly string[]) => () =>
  sessions.every((session) => invalidated.some((ids) => ids.includes(session)));

Deno.test("SecretFiles.readForSession() gives the text without the newline at its end", async () => {
  await using bed = await createBed();
  for (
    const [text, expected] of [["a", "a"], ["a\n", "a"], ["a\r\n", "a"], ["a\n\n", "a\n"], [" a ", " a "]] as const
  ) {
    await bed.write("s", text);
    assert.equal(bed.files.readForSession(join(bed.folder, "s")), expected);
  }
});

Deno.test("SecretFiles.readForSession() says what is wrong with the file, and nothing of what is in it", async () => {
  await using bed = await createBed();
  await Deno.writeFile(join(bed.folder, "binary"), new Uint8Array([0xff, 0xfe]));
  await bed.write("large", "x".repeat(1024 * 1024 + 1));
  const problem = (name: string) => {
    try {
      bed.files.readForSession(join(bed.folder, name));
    } catch (thrown) {
      assert(thrown instanceof Error);
      return thrown.message.replace(bed.folder, "");
    }
  };
  assert.equal(problem("none"), 'cannot read "/none": there is no such file');
  assert.equal(problem("."), 'cannot read "": it is no file');
  assert.equal(problem("binary"), 'cannot read "/binary": it is not UTF-8');
  assert.equal(problem("large"), 'cannot read "/large": it is over 1048576 bytes');
});

Deno.test("SecretFiles has the sessions that use a file built again when it changes, and no others", async () => {
  await using bed = await createBed();
  await bed.write("a", "1");
  await bed.write("b", "1");
  assert.equal(bed.serve("s1", "a"), "1");
  assert.equal(bed.serve("s2", "a"), "1");
  assert.equal(bed.serve("s3", "b"), "1");
  await bed.write("a", "2");
  await until(includes(bed, "s1", "s2"));
  assert.equal(bed.serve("s1", "a"), "2");
  await bed.replace("b", "3");
  await until(includes(bed, "s3"));
  assert.equal(bed.serve("s3", "b"), "3");
  assert(bed.invalidated.every((ids) => ids !== "all"));
});

Deno.test("SecretFiles sees all files of a folder change when a link is moved, as Kubernetes does", async () => {
  await using bed = await createBed();
  await Deno.mkdir(join(bed.folder, "..v1"));
  await Deno.mkdir(join(bed.folder, "..v2"));
  await bed.write("..v1/token", "old");
  await bed.write("..v2/token", "new");
  await Deno.symlink("..v1", join(bed.folder, "..data"));
  await Deno.symlink("..data/token", join(bed.folder, "token"));
  assert.equal(bed.serve("s1", "token"), "old");
  await Deno.symlink("..v2", join(bed.folder, "..data_tmp"));
  await Deno.rename(join(bed.folder, "..data_tmp"), join(bed.folder, "..data"));
  await until(includes(bed, "s1"));
  assert.equal(bed.serve("s1", "token"), "new");
});

Deno.test("SecretFiles tries a session again when the file comes that it failed on", async () => {
  await using bed = await createBed();
  const path = join(bed.folder, "late");
  const { reads } = bed.reads.record(() => assert.throws(() => bed.files.readForSession(path)));
  bed.reads.extend("s1", reads);
  await bed.write("late", "here");
  await until(includes(bed, "s1"));
  assert.equal(bed.serve("s1", "late"), "here");
});

Deno.test("SecretFiles keeps the text of a file in use when it can be read no more", async () => {
  await using bed = await createBed();
  await bed.write("a", "1");
  await bed.write("b", "1");
  bed.serve("s1", "a");
  bed.serve("s2", "b");
  await Deno.remove(join(bed.folder, "a"));
  // What comes after it has been seen when this has.
  await bed.write("b", "2");
  await until(includes(bed, "s2"));
  assert.equal(bed.serve("s1", "a"), "1");
  assert.deepEqual(bed.invalidated.flat(), ["s2"]);
});

Deno.test("SecretFiles notices a change between the build of a session and its publication", async () => {
  await using bed = await createBed();
  await bed.write("a", "1");
  const { reads } = bed.reads.record(() => bed.files.readForSession(join(bed.folder, "a")));
  await bed.write("a", "2");
  bed.reads.replace("s1", reads);
  await until(includes(bed, "s1"));
});

Deno.test("SecretFiles.openForPlugin() has all sessions built again when the file changes", async () => {
  await using bed = await createBed();
  await bed.write("a", "1");
  const file = bed.files.openForPlugin(join(bed.folder, "a"));
  await bed.write("a", "2");
  await until(() => bed.invalidated.includes("all"));
  assert.equal(file.text(), "2");
});

Deno.test("SecretFiles reads a file anew for each build while nobody uses it", async () => {
  await using bed = await createBed();
  await bed.write("a", "1");
  const path = join(bed.folder, "a");
  assert.equal(bed.files.readForSession(path), "1");
  await bed.write("a", "2");
  assert.equal(bed.files.readForSession(path), "2");
  bed.serve("s1", "a");
  bed.reads.replace("s1", undefined);
  await bed.write("a", "3");
  assert.equal(bed.files.readForSession(path), "3");
});

Deno.test("SecretFiles tells a session of changes that was built before the file's last user went", async () => {
  await using bed = await createBed();
  await bed.write("a", "1");
  bed.serve("goes", "a");
  const { reads } = bed.reads.record(() => bed.files.readForSession(join(bed.folder, "a")));
  bed.reads.replace("goes", undefined);
  bed.reads.replace("comes", reads);
  await bed.write("a", "2");
  await until(includes(bed, "comes"));
});
