import { Metadata, type StatusObject } from "@grpc/grpc-js";
import { Buffer } from "node:buffer";
import { toProblem } from "../http/problem.ts";
import { encodeMessage } from "../proto/codec.ts";
import type { AnyMessage, Messages } from "../proto/message_types.ts";
import { ERROR_CODES, type Issue, type SignalboxError } from "../signalbox_error.ts";

type Status = Messages["google.rpc.Status"];
type Violation = Messages["google.rpc.BadRequest.FieldViolation"];

/** Status details travel in the trailers, of which some clients take no more than 8 KiB, in base64. */
const MAX_ISSUES_BYTES = 3_072;
const MAX_MESSAGE_LENGTH = 512;

/**
 * A failure in the richer model of errors: its code as `ErrorInfo.reason`, in the upper case that field asks for, and
 * every issue as a violation of `BadRequest`, as many as fit into trailers; then the last one says how many more there are.
 */
export function toRpcStatus(error: SignalboxError): Status {
  const { code, detail, issues } = toProblem(error);
  const details: AnyMessage[] = [
    { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: code.toUpperCase(), domain: "signalbox" },
  ];
  if (issues.length > 0) {
    details.push({ "@type": "type.googleapis.com/google.rpc.BadRequest", fieldViolations: toViolations(issues) });
  }
  return { code: ERROR_CODES[code].grpc, message: cut(detail), details };
}

/** The status that a call ends with. */
export function toCallStatus(error: SignalboxError): Pick<StatusObject, "code" | "details"> & { metadata: Metadata } {
  const status = toRpcStatus(error);
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(encodeMessage("google.rpc.Status", status)));
  return { code: ERROR_CODES[error.code].grpc, details: status.message ?? "", metadata };
}

function toViolations(issues: readonly Issue[]): Violation[] {
  const violations: Violation[] = [];
  let bytes = 0;
  for (const { path, message } of issues) {
    const violation = { field: path, description: message };
    bytes += encodeMessage("google.rpc.BadRequest.FieldViolation", violation).length;
    if (bytes > MAX_ISSUES_BYTES) break;
    violations.push(violation);
  }
  const more = issues.length - violations.length;
  if (more > 0) violations.push({ description: `${more} more that do not fit here` });
  return violations;
}

function cut(text: string): string {
  return text.length > MAX_MESSAGE_LENGTH ? `${text.slice(0, MAX_MESSAGE_LENGTH)}…` : text;
}
