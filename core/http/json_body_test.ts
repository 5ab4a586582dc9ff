import assert from "node:assert/strict";
import { readJsonBody } from "./json_body.ts";

const LIMITS = { maxBytes: 100 };

function post(body: BodyInit | null, contentType: string | null = "application/json"): Request {
  const headers = new Headers(contentType === null ? {} : { "content-type": contentType });
  return new Request("http://signalbox/", { method: "POST", body, headers });
}

/** A body that comes in pieces, and does not end where `ends` is false. */
function inPieces(pieces: readonly string[], { ends = true } = {}) {
  const state = { cancelled: false };
  const left = pieces.values();
  const encoder = new TextEncoder();
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      const { value, done } = left.next();
      if (!done) controller.enqueue(encoder.encode(value));
      else if (ends) controller.close();
      else return new Promise(() => {});
    },
    cancel() {
      state.cancelled = true;
    },
  });
  return { state, stream };
}

Deno.test("readJsonBody() reads JSON of every media type that is JSON", async () => {
  for (const type of ["application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"]) {
    assert.deepEqual(await readJsonBody(post('{"a":[1]}', type), LIMITS), { a: [1] }, type);
  }
});

Deno.test("readJsonBody() throws unsupported_media_type when the content type is another or none", async () => {
  const cases = [null, "text/plain", "application/x-www-form-urlencoded", "application/jsonp", "text/json", ""];
  for (const type of cases) {
    await assert.rejects(readJsonBody(post(new Uint8Array(2), type), LIMITS), { code: "unsupported_media_type" });
  }
  await assert.rejects(readJsonBody(post("{}", "text/plain"), LIMITS), {
    message: 'Cannot read the body: its content type is "text/plain", not "application/json"',
  });
});

Deno.test("readJsonBody() throws malformed_request when the body is no JSON, with the whole as the place", async () => {
  for (const body of ["", "{", "{'a':1}", "[1,]", "NaN", '{"a":1}x', "\u0000"]) {
    await assert.rejects(readJsonBody(post(body), LIMITS), (thrown: Error & { code?: string; issues?: unknown }) => {
      assert.equal(thrown.code, "malformed_request", body);
      assert(Array.isArray(thrown.issues) && thrown.issues.length === 1 && thrown.issues[0].path === "");
      return true;
    });
  }
  await assert.rejects(readJsonBody(post(null), LIMITS), { code: "malformed_request" });
});

Deno.test("readJsonBody() throws malformed_request when the body is not UTF-8", async () => {
  const utf16 = new Uint8Array([0xff, 0xfe, 0x7b, 0, 0x7d, 0]);
  for (const bytes of [utf16, new Uint8Array([0x22, 0xff, 0x22])]) {
    await assert.rejects(readJsonBody(post(bytes), LIMITS), {
      code: "malformed_request",
      message: "Cannot read the body: it is not UTF-8",
    });
  }
});

Deno.test("readJsonBody() takes the last of two members with one name, as JSON.parse() does", async () => {
  assert.deepEqual(await readJsonBody(post('{"a":1,"a":2}'), LIMITS), { a: 2 });
});

Deno.test("readJsonBody() puts together what comes in pieces, in the middle of a character too", async () => {
  const bytes = new TextEncoder().encode('"é😀"');
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const byte of bytes) controller.enqueue(new Uint8Array([byte]));
      controller.close();
    },
  });
  assert.equal(await readJsonBody(post(stream), LIMITS), "é😀");
});

Deno.test("readJsonBody() throws body_too_large when the body has one byte more than the limit", async () => {
  const exact = `"${"x".repeat(98)}"`;
  assert.equal(await readJsonBody(post(exact), LIMITS), "x".repeat(98));
  await assert.rejects(readJsonBody(post(`${exact} `), LIMITS), {
    code: "body_too_large",
    issues: [{ path: "", message: "must have at most 100 bytes" }],
  });
});

Deno.test("readJsonBody() reads a body that is too large to its end, but not for ever", async () => {
  const large = inPieces(Array.from({ length: 20 }, () => "x".repeat(50)));
  await assert.rejects(readJsonBody(post(large.stream), LIMITS), { code: "body_too_large" });
  assert.equal(large.state.cancelled, false);
  const piece = "x".repeat(1024 * 1024);
  const endless = inPieces(Array.from({ length: 65 }, () => piece), { ends: false });
  await assert.rejects(readJsonBody(post(endless.stream), LIMITS), { code: "body_too_large" });
  assert.equal(endless.state.cancelled, true);
});

Deno.test("readJsonBody() throws request_timeout when the body does not end in time", async () => {
  const slow = inPieces(['{"a"'], { ends: false });
  await assert.rejects(readJsonBody(post(slow.stream), { ...LIMITS, timeoutMs: 1 }), {
    code: "request_timeout",
    message: "Cannot read the body: it did not end within 1 ms",
  });
  assert.equal(slow.state.cancelled, true);
});

Deno.test("readJsonBody() throws malformed_request when the body breaks off", async () => {
  const stream = new ReadableStream<Uint8Array>({ start: (controller) => controller.error(new Error("reset")) });
  await assert.rejects(readJsonBody(post(stream), LIMITS), {
    code: "malformed_request",
    message: "Cannot read the body: it broke off",
  });
});
