import { ERROR_CODES, type ErrorCode, type Issue, type SignalboxError } from "../signalbox_error.ts";

export const PROBLEM_MEDIA_TYPE = "application/problem+json";

/** RFC 9457, with two members of our own: `code`, for programs, and `issues`, each with the path of its field. */
export interface Problem {
  readonly type: string;
  /** What the code means; the same for every problem with it. */
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly issues: readonly Issue[];
}

/** Of what passes by itself; in seconds. */
const RETRY = { "retry-after": "1" };

export function toProblem(error: SignalboxError): Problem {
  const { meaning, http } = ERROR_CODES[error.code];
  return {
    type: `urn:signalbox:error:${error.code}`,
    title: meaning,
    status: http,
    // What a defect says of itself is for the log: it may hold anything.
    detail: error.code === "internal" ? "Signalbox's log says more." : error.message,
    code: error.code,
    issues: error.issues,
  };
}

export function problemResponse(error: SignalboxError, headers: Readonly<Record<string, string>> = {}): Response {
  const problem = toProblem(error);
  return Response.json(problem, {
    status: problem.status,
    headers: { ...headers, ...(problem.status === 503 ? RETRY : {}), "content-type": PROBLEM_MEDIA_TYPE },
  });
}
