import assert from "node:assert/strict";
import { decodeMessage } from "../proto/codec.ts";
import { ERROR_CODES, type ErrorCode, SignalboxError } from "../signalbox_error.ts";
import { toCallStatus, toRpcStatus } from "./grpc_error.ts";

/** `ErrorInfo.reason` should match this, says google/rpc/error_details.proto. */
const REASON = /^[A-Z][A-Z0-9_]+[A-Z0-9]$/;

function violationsOf(error: SignalboxError) {
  const [, details] = toRpcStatus(error).details ?? [];
  assert(details?.["@type"] === "type.googleapis.com/google.rpc.BadRequest" && "fieldViolations" in details);
  return details.fieldViolations ?? [];
}

Deno.test("toRpcStatus() has the code of the registry as status and as reason when the error has no issues", () => {
  for (const code of Object.keys(ERROR_CODES) as ErrorCode[]) {
    const { code: grpc, details = [] } = toRpcStatus(new SignalboxError(code, "Cannot do it: no"));
    assert.equal(grpc, ERROR_CODES[code].grpc);
    const reason = code.toUpperCase();
    assert.match(reason, REASON);
    assert.deepEqual(details, [
      { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason, domain: "signalbox" },
    ]);
  }
});

Deno.test("toRpcStatus() has a violation for every issue, in their order", () => {
  const issues = [{ path: "backends[0].port", message: "is required" }, { path: "", message: "is empty" }];
  assert.deepEqual(violationsOf(new SignalboxError("host_taken", "Cannot do it: no", { issues })), [
    { field: "backends[0].port", description: "is required" },
    { field: "", description: "is empty" },
  ]);
});

Deno.test("toRpcStatus() says nothing of a defect when it tells of one", () => {
  assert.equal(toRpcStatus(SignalboxError.from(new Error("secret"))).message, "Signalbox's log says more.");
});

Deno.test("toCallStatus() carries the status in trailers that every client takes, however many issues there are", () => {
  const long = "x".repeat(10_000);
  const few = Array.from({ length: 5 }, (_, i) => ({ path: `labels["${i}"]`, message: "is odd" }));
  for (
    const [issues, named] of [
      [
        Array.from({ length: 1_000 }, (_, i) => ({ path: `backends[${i}].address`, message: "is required" })),
        undefined,
      ],
      [[...few, { path: long, message: "is long" }, ...few], 5],
      [[{ path: "a", message: long }], 0],
    ] as const
  ) {
    const error = new SignalboxError("invalid_request", `Cannot do it: ${long}`, { issues });
    const { code, details, metadata } = toCallStatus(error);
    assert.equal(code, 3);
    const [bytes] = metadata.get("grpc-status-details-bin");
    assert(bytes instanceof Uint8Array);
    // 8 KiB is what C-core and Java take where nothing else is said, other headers included.
    assert(encodeURIComponent(details).length + bytes.length * 4 / 3 < 7_000);
    assert.deepEqual(decodeMessage("google.rpc.Status", bytes), toRpcStatus(error));
    const violations = violationsOf(error);
    const listed = violations.length - 1;
    if (named !== undefined) assert.equal(listed, named);
    assert.deepEqual(violations.at(-1), { description: `${issues.length - listed} more that do not fit here` });
  }
});
