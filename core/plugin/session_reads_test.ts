import assert from "node:assert/strict";
import { SessionReads, type Source } from "./session_reads.ts";

class TestSource implements Source {
  version = 1;
  readonly calls: string[] = [];
  retain(id: string, seen: number) {
    this.calls.push(`retain ${id} ${seen}`);
  }
  release(id: string) {
    this.calls.push(`release ${id}`);
  }
  discard() {
    this.calls.push("discard");
  }
}

function recordReading(reads: SessionReads, ...sources: readonly Source[]) {
  return reads.record(() => sources.forEach((source) => reads.note(source))).reads;
}

Deno.test("SessionReads.record() tells what a build read, at the version that it saw first", () => {
  const reads = new SessionReads();
  const source = new TestSource();
  const { result, reads: read } = reads.record(() => {
    reads.note(source);
    source.version = 2;
    return "built";
  });
  assert.equal(result, "built");
  assert.deepEqual([...read ?? []], [[source, 1]]);
  assert.equal(reads.record(() => {}).reads, undefined);
});

Deno.test("SessionReads.note() belongs to no session when nothing is built, even after a build that threw", () => {
  const reads = new SessionReads();
  const source = new TestSource();
  assert.throws(() =>
    reads.record(() => {
      throw new Error("no");
    })
  );
  reads.note(source);
  assert.equal(reads.record(() => {}).reads, undefined);
});

Deno.test("SessionReads.replace() holds on to what the session uses now, and lets go of the rest", () => {
  const reads = new SessionReads();
  const [a, b] = [new TestSource(), new TestSource()];
  reads.replace("s1", recordReading(reads, a));
  reads.replace("s1", recordReading(reads, a, b));
  reads.replace("s1", recordReading(reads, b));
  reads.replace("s1", undefined);
  reads.replace("s1", undefined);
  assert.deepEqual(a.calls, ["retain s1 1", "retain s1 1", "release s1"]);
  assert.deepEqual(b.calls, ["retain s1 1", "retain s1 1", "release s1"]);
});

Deno.test("SessionReads.extend() keeps what the session uses beside what it failed on", () => {
  const reads = new SessionReads();
  const [a, b] = [new TestSource(), new TestSource()];
  reads.replace("s1", recordReading(reads, a));
  reads.extend("s1", recordReading(reads, b));
  reads.extend("s1", undefined);
  assert.deepEqual([a.calls, b.calls], [["retain s1 1", "retain s1 1"], ["retain s1 1"]]);
  reads.replace("s1", undefined);
  assert.deepEqual([a.calls.at(-1), b.calls.at(-1)], ["release s1", "release s1"]);
});

Deno.test("SessionReads.discard() tells sources that it may be that nobody uses them", () => {
  const reads = new SessionReads();
  const source = new TestSource();
  reads.discard(recordReading(reads, source));
  reads.discard(undefined);
  assert.deepEqual(source.calls, ["discard"]);
});
