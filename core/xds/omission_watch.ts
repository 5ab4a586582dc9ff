import { getLogger } from "@logtape/logtape";
import type { Omission } from "../cache/resource_cache.ts";
import type { Deliveries } from "../observe/deliveries.ts";
import type { Metrics } from "../observe/metrics.ts";

export interface OmissionWatchOptions {
  readonly metrics: Metrics;
  readonly deliveries: Deliveries;
  /** The step that brought a session's present resources; absent where it is gone. */
  readonly changedAt: (sessionId: string) => number | undefined;
}

const log = getLogger(["signalbox", "xds"]);

/** Makes a number, a log line and a delivery of a session that is left out, once for each of its versions. */
export function createOmissionWatch({ metrics, deliveries, changedAt }: OmissionWatchOptions) {
  return ({ sessionId, dialect, issues }: Omission): void => {
    if (changedAt(sessionId) === undefined) return;
    const reason = issues.map(({ path, message }) => `${path} ${message}`).join("; ");
    if (!deliveries.omitted(sessionId, dialect, { resource: sessionId, type: "session", message: reason })) return;
    metrics.omitted();
    log.error("Session {session} is left out for Envoys of the v2 API: {reason}", { session: sessionId, reason });
  };
}
