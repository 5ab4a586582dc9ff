import assert from "node:assert/strict";
import type { ResponseStream } from "../../grpc/grpc_service.ts";
import { decodeMessage } from "../../proto/codec.ts";
import type { Messages } from "../../proto/message_types.ts";
import type { SessionRecord } from "../../session/session.ts";
import type { WatchStep } from "../../session/session_watch.ts";
import { sampleSession } from "../testdata/registrar_bed.ts";
import { followWatch } from "./grpc_watch.ts";

const RESPONSE = "signalbox.v1.WatchResponse";
type Response = Messages[typeof RESPONSE];

/** A stream whose reader takes one message when it is told to. */
class SlowStream implements ResponseStream<typeof RESPONSE> {
  open = true;
  readonly sent: Response[] = [];
  readonly sizes: number[] = [];
  #taken = () => {};

  send(message: Response | Uint8Array, sent = () => {}): void {
    assert(message instanceof Uint8Array);
    this.sizes.push(message.length);
    this.sent.push(decodeMessage(RESPONSE, message));
    this.#taken = sent;
  }

  take(): void {
    this.#taken();
  }

  fail(): void {
    assert.fail("it should not fail");
  }
}

/** A watch that has these steps, and counts how many were asked for. */
function watchOf(steps: readonly WatchStep[]) {
  const rest = [...steps];
  return { next: () => rest.shift(), rest };
}

function record(id: string, text = ""): SessionRecord {
  return { session: sampleSession(id, { plugins: { blob: { text } } }), generation: 1 };
}

const step = (changed: readonly SessionRecord[], generation?: number): WatchStep => ({
  reset: false,
  removed: [],
  changed,
  ...generation !== undefined && { generation },
});

Deno.test("followWatch() asks for the next step when the one before has been taken, and not sooner", () => {
  const stream = new SlowStream();
  const watch = watchOf([step([record("a")], 1), step([record("b")], 5)]);
  const follower = followWatch(watch, stream, { epoch: "e" });
  follower.advance();
  follower.advance();
  assert.deepEqual([stream.sent.length, watch.rest.length], [1, 1]);
  stream.take();
  assert.deepEqual(stream.sent.map(({ position }) => position), [
    { epoch: "e", generation: 1 },
    { epoch: "e", generation: 5 },
  ]);
  stream.take();
  follower.advance();
  assert.equal(stream.sent.length, 2);
});

Deno.test("followWatch() says that more follows as long as a step has no generation", () => {
  const stream = new SlowStream();
  followWatch(watchOf([{ ...step([record("a")]), reset: true }, step([], 1)]), stream, { epoch: "e" }).advance();
  stream.take();
  const [first, last] = stream.sent;
  assert.deepEqual([first?.reset, first?.more, first?.position], [true, true, undefined]);
  assert.deepEqual(last, { position: { epoch: "e", generation: 1 } });
});

Deno.test("followWatch() parts a step into messages that clients take, the last with the position", () => {
  const stream = new SlowStream();
  const text = "x".repeat(400_000);
  const changed = ["a", "b", "c", "d", "e"].map((id) => record(id, text));
  const large = record("f", "x".repeat(1_500_000));
  const follower = followWatch(
    watchOf([{ reset: true, removed: ["gone"], changed: [...changed, large, record("g")], generation: 9 }]),
    stream,
    { epoch: "e" },
  );
  follower.advance();
  for (let parts = 0; parts < 10; parts++) stream.take();
  assert.deepEqual(
    stream.sent.map(({ reset, removed, changed = [], more, position }) => ({
      ids: changed.map(({ id }) => id).join(" "),
      ...reset && { reset },
      ...removed && { removed },
      ...more && { more },
      ...position && { position },
    })),
    [
      { ids: "a b", reset: true, removed: ["gone"], more: true },
      { ids: "c d", more: true },
      { ids: "e", more: true },
      { ids: "f", more: true },
      { ids: "g", position: { epoch: "e", generation: 9 } },
    ],
  );
  assert(stream.sizes.every((size) => size < 2 * 1024 * 1024));
});

Deno.test("followWatch() sends nothing more when the stream has ended", () => {
  const stream = new SlowStream();
  const watch = watchOf([step([record("a")]), step([record("b")], 1)]);
  const follower = followWatch(watch, stream, { epoch: "e" });
  follower.advance();
  stream.open = false;
  stream.take();
  follower.advance();
  assert.deepEqual([stream.sent.length, watch.rest.length], [1, 1]);
});
