import type { Backend, SessionRecord } from "./session.ts";

/** Where a session's Service is now. */
export interface Endpoints {
  /** Those that take calls. */
  readonly backends: readonly Backend[];
  /** Why there are none, for people; absent where there are. */
  readonly problem?: string;
}

/** The record, with its session leading to `endpoints`; unchanged where there are none to follow. */
export function withEndpoints(record: SessionRecord, endpoints: Endpoints | undefined): SessionRecord {
  if (!endpoints) return record;
  const { problem: _, session, ...rest } = record;
  const { backends, problem } = endpoints;
  return { ...rest, session: { ...session, backends }, ...(problem === undefined ? {} : { problem }) };
}
