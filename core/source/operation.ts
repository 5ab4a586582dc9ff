import type { Endpoints } from "../session/endpoints.ts";
import type { Session, SessionRecord } from "../session/session.ts";
import type { SignalboxError } from "../signalbox_error.ts";

/** What a source asks for. */
export type Operation =
  | { readonly kind: "register"; readonly session: Session }
  | { readonly kind: "deregister"; readonly id: string };

/** What a source says of a session that is not the store's: it is so, and nobody is asked. */
export type Observation =
  /** Without an `owner` whoever can register sessions may change it. */
  | { readonly kind: "present"; readonly session: Session; readonly owner?: string; readonly expiresAtMs?: number }
  | { readonly kind: "gone"; readonly id: string };

/** What came of an operation that was decided; it is durable and published. */
export type Outcome =
  | {
    /** `unchanged`: the same registration was there; with a ttl it was renewed. */
    readonly status: "created" | "changed" | "unchanged";
    readonly record: SessionRecord;
  }
  | { readonly status: "deleted"; readonly id: string }
  /** `invalid_request`, `host_taken`, `session_owned`, `not_found`, or `internal`; nothing was changed. */
  | { readonly status: "refused"; readonly error: SignalboxError };

/** What is wrong with what was made of a session: `path` is a field's. */
export interface BuildFailure {
  readonly path: string;
  readonly message: string;
  readonly plugin?: string;
  /** Absent where it is about what the session itself says. */
  readonly hook?: string;
  readonly cause?: unknown;
}

export type BuildResult<F> =
  /** `endpoints`: where its Service is now that it was built with; absent where the session leads to none. */
  & { readonly endpoints?: Endpoints }
  & (
    /** `skipped`: why it was built without some plugins. */
    | { readonly ok: true; readonly fragment: F; readonly skipped?: readonly BuildFailure[] }
    /** `withdraw`: what is served of the session shall go; else it stays as it is. */
    | { readonly ok: false; readonly failures: readonly BuildFailure[]; readonly withdraw?: boolean }
  );

/** A session's new fragment; `undefined` where the session is gone. */
export interface Publication<F> {
  readonly id: string;
  readonly fragment: F | undefined;
  /** What the session was before; absent where there was none. */
  readonly before?: SessionRecord;
}
