import type { ResponseStream } from "../../grpc/grpc_service.ts";
import { encodeMessage } from "../../proto/codec.ts";
import { concatBytes } from "../../proto/wire.ts";
import type { SessionWatch, WatchStep } from "../../session/session_watch.ts";
import { toSessionMessage } from "./grpc_session.ts";

const RESPONSE = "signalbox.v1.WatchResponse";

/** How many sessions are made a step at once. */
export const MAX_STEP_SESSIONS = 256;
/** Clients take 4 MiB in one message unless they say otherwise; a session alone may be 1 MiB of JSON. */
const MAX_PART_BYTES = 1024 * 1024;

export interface WatchFollower {
  /** Tells the watcher what is new, unless it has still to take what it was told before. */
  advance(): void;
}

/** Takes a watch along its stream, one message at a time: what changes meanwhile is merged into the next. */
export function followWatch(
  watch: Pick<SessionWatch, "next">,
  stream: ResponseStream<typeof RESPONSE>,
  { epoch }: { readonly epoch: string },
): WatchFollower {
  let telling = false;

  function advance(): void {
    if (telling || !stream.open) return;
    const step = watch.next();
    if (step === undefined) return;
    telling = true;
    tell(encodeStep(step, epoch));
  }

  function tell(parts: Iterator<Uint8Array>): void {
    if (!stream.open) return;
    const { done, value } = parts.next();
    if (!done) return stream.send(value, () => tell(parts));
    telling = false;
    advance();
  }

  return { advance };
}

/** The messages of a step. Encoded fields one after the other make a message, so no session is encoded twice to fit. */
function* encodeStep({ reset, removed, changed, generation }: WatchStep, epoch: string): Generator<Uint8Array, void> {
  let fields = [encodeMessage(RESPONSE, { reset, removed: [...removed] })];
  let bytes = 0;
  for (const record of changed) {
    const field = encodeMessage(RESPONSE, { changed: [toSessionMessage(record)] });
    if (bytes > 0 && bytes + field.length > MAX_PART_BYTES) {
      yield concatBytes([...fields, encodeMessage(RESPONSE, { more: true })]);
      fields = [];
      bytes = 0;
    }
    fields.push(field);
    bytes += field.length;
  }
  const end = generation === undefined ? { more: true } : { position: { epoch, generation } };
  yield concatBytes([...fields, encodeMessage(RESPONSE, end)]);
}
