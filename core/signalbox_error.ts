/**
 * Every failure that a caller can act on, with what it means and the status it has in HTTP and in gRPC
 * (numbers of `google.rpc.Code`). Codes are part of the API: they appear in problem+json as `code`.
 */
export const ERROR_CODES = {
  malformed_request: { meaning: "The request cannot be read: bad JSON, or a wrong encoding.", http: 400, grpc: 3 },
  invalid_request: { meaning: "The request was read, but some of its fields are not acceptable.", http: 422, grpc: 3 },
  unauthenticated: { meaning: "The client has not proven who it is.", http: 401, grpc: 16 },
  forbidden: { meaning: "The client may not do this.", http: 403, grpc: 7 },
  not_found: { meaning: "Nothing has this name.", http: 404, grpc: 5 },
  method_not_allowed: { meaning: "The path exists, the method does not.", http: 405, grpc: 12 },
  host_taken: { meaning: "Another session has this host.", http: 409, grpc: 6 },
  session_owned: { meaning: "The session follows something else, such as a pod: change that.", http: 409, grpc: 9 },
  rejected_by_envoy: {
    meaning: "An Envoy rejects what was made of the session; it is registered, and that Envoy keeps what it had.",
    http: 422,
    grpc: 9,
  },
  not_live: { meaning: "The change is durable, and not live on every Envoy.", http: 202, grpc: 4 },
  body_too_large: { meaning: "The request's body is over the limit.", http: 413, grpc: 8 },
  unsupported_media_type: { meaning: "The request's content type is not JSON.", http: 415, grpc: 3 },
  request_timeout: { meaning: "The request's body did not come to its end in time.", http: 408, grpc: 4 },
  store_unavailable: { meaning: "The store did not take the change, or did not say so.", http: 503, grpc: 14 },
  store_full: { meaning: "The store has no room; nothing was changed.", http: 507, grpc: 8 },
  store_locked: { meaning: "Another process uses the store.", http: 503, grpc: 14 },
  store_damaged: { meaning: "The store's file cannot be read, or is not Signalbox's.", http: 500, grpc: 15 },
  invalid_config: { meaning: "The configuration is not acceptable.", http: 500, grpc: 9 },
  address_in_use: { meaning: "A listening address is taken or not on this machine.", http: 500, grpc: 14 },
  not_ready: { meaning: "Signalbox is starting or stopping; try again.", http: 503, grpc: 14 },
  internal: { meaning: "A defect of Signalbox.", http: 500, grpc: 13 },
} as const satisfies Record<string, ErrorStatus>;

interface ErrorStatus {
  readonly meaning: string;
  readonly http: number;
  readonly grpc: number;
}

export type ErrorCode = keyof typeof ERROR_CODES;

/** One thing wrong with an input: `path` as in `backends[0].port`, empty for the whole. */
export interface Issue {
  readonly path: string;
  readonly message: string;
}

/** A failure that a caller can act on. `message` reads `Cannot <action> "<value>": <state>`; `issues` names every field. */
export class SignalboxError extends Error {
  override readonly name = "SignalboxError";
  readonly code: ErrorCode;
  readonly issues: readonly Issue[];

  constructor(code: ErrorCode, message: string, options: { issues?: readonly Issue[]; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.issues = options.issues ?? [];
  }

  /** Anything thrown, as a `SignalboxError`; what is not one already becomes `internal`. */
  static from(thrown: unknown): SignalboxError {
    if (thrown instanceof SignalboxError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new SignalboxError("internal", message, { cause: thrown });
  }
}
