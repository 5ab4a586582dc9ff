import { type ErrorCode, SignalboxError } from "../signalbox_error.ts";

/** How much of a body that is too large is read and thrown away, so that its sender comes to read the answer. */
const MAX_DISCARDED = 64 * 1024 * 1024;
/** A sender that is slower than this holds a connection for nothing. */
const TIMEOUT_MS = 60_000;

const JSON_MEDIA_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;

export interface BodyLimits {
  readonly maxBytes: number;
  /** How long the whole body may take. Default 60,000. */
  readonly timeoutMs?: number;
}

/**
 * The JSON value of a request's body. Throws `unsupported_media_type`, `body_too_large`, `request_timeout` or
 * `malformed_request`. The content type is insisted on: no web page can send it to another site without asking first.
 */
export async function readJsonBody(request: Request, limits: BodyLimits): Promise<unknown> {
  const mediaType = request.headers.get("content-type");
  if (mediaType === null || !JSON_MEDIA_TYPE.test(mediaType)) {
    const state = mediaType === null ? "it has no content type" : `its content type is "${mediaType.slice(0, 100)}"`;
    throw new SignalboxError("unsupported_media_type", `Cannot read the body: ${state}, not "application/json"`);
  }
  const text = decode(await readBytes(request, limits));
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw unreadable("malformed_request", "it is not JSON", `must be JSON: ${asText(thrown)}`);
  }
}

async function readBytes({ body }: Request, { maxBytes, timeoutMs = TIMEOUT_MS }: BodyLimits): Promise<Uint8Array> {
  const reader = body?.getReader();
  if (reader === undefined) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    reader.cancel().catch(() => {}); // Its sender has gone already.
  }, timeoutMs);
  try {
    while (length <= MAX_DISCARDED) {
      const { value, done } = await reader.read();
      if (done) break;
      length += value.length;
      if (length <= maxBytes) chunks.push(value);
      else chunks.length = 0;
    }
    if (length > MAX_DISCARDED) await reader.cancel();
  } catch (cause) {
    throw unreadable("malformed_request", "it broke off", "must come to its end", cause);
  } finally {
    clearTimeout(timer);
  }
  if (length > maxBytes) {
    throw unreadable("body_too_large", `it is over ${maxBytes} bytes`, `must have at most ${maxBytes} bytes`);
  }
  if (isLate) {
    throw unreadable("request_timeout", `it did not end within ${timeoutMs} ms`, `must end within ${timeoutMs} ms`);
  }
  return concat(chunks, length);
}

/** What is wrong is the body as a whole, hence the empty path. */
function unreadable(code: ErrorCode, state: string, rule: string, cause?: unknown): SignalboxError {
  return new SignalboxError(code, `Cannot read the body: ${state}`, { issues: [{ path: "", message: rule }], cause });
}

function asText(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function concat(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const [first] = chunks;
  if (chunks.length === 1 && first !== undefined) return first;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw unreadable("malformed_request", "it is not UTF-8", "must be UTF-8", cause);
  }
}
