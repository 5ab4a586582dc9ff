import { SignalboxError } from "../signalbox_error.ts";

/** How much of a body that is too large is read and thrown away, so that its sender comes to read the answer. */
const MAX_DISCARDED = 64 * 1024 * 1024;

const JSON_MEDIA_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;

/**
 * The JSON value of a request's body. Throws `unsupported_media_type`, `body_too_large` (over `maxBytes`) or
 * `malformed_request`. The content type is insisted on: no web page can send it to another site without asking first.
 */
export async function readJsonBody(request: Request, { maxBytes }: { readonly maxBytes: number }): Promise<unknown> {
  const mediaType = request.headers.get("content-type");
  if (mediaType === null || !JSON_MEDIA_TYPE.test(mediaType)) {
    const state = mediaType === null ? "it has no content type" : `its content type is "${mediaType.slice(0, 100)}"`;
    throw new SignalboxError("unsupported_media_type", `Cannot read the body: ${state}, not "application/json"`);
  }
  const text = decode(await readBytes(request, maxBytes));
  try {
    return JSON.parse(text);
  } catch (thrown) {
    const state = thrown instanceof Error ? thrown.message : String(thrown);
    throw new SignalboxError("malformed_request", `Cannot read the body: it is not JSON (${state})`);
  }
}

async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of request.body ?? []) {
      length += chunk.length;
      if (length > MAX_DISCARDED) break;
      if (length <= maxBytes) chunks.push(chunk);
      else chunks.length = 0;
    }
  } catch (cause) {
    throw new SignalboxError("malformed_request", "Cannot read the body: it broke off", { cause });
  }
  if (length > maxBytes) {
    throw new SignalboxError("body_too_large", `Cannot read the body: it is over ${maxBytes} bytes`);
  }
  return concat(chunks, length);
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
    throw new SignalboxError("malformed_request", "Cannot read the body: it is not UTF-8", { cause });
  }
}
