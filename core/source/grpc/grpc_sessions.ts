import { createService, type GrpcService, serverStream, unary } from "../../grpc/grpc_service.ts";
import type { Messages } from "../../proto/message_types.ts";
import type { SessionParsing } from "../../session/parse_session.ts";
import type { SessionFeed } from "../../session/session_feed.ts";
import type { SessionTable } from "../../session/session_table.ts";
import { SessionWatch } from "../../session/session_watch.ts";
import { SignalboxError } from "../../signalbox_error.ts";
import type { Operation } from "../operation.ts";
import type { ReceiptOf, Receipts } from "../receipts.ts";
import type { Committed } from "../registrar.ts";
import { parseListQuery } from "../tasks/list_query.ts";
import { operationsOf, OUTCOMES, parseBatch, toResults } from "./grpc_batch.ts";
import { parseWait, requireNotRejected, toDeliveryMessage } from "./grpc_delivery.ts";
import { parseReference, parseRegister, toSessionMessage } from "./grpc_session.ts";
import { followWatch, MAX_STEP_SESSIONS, type WatchFollower } from "./grpc_watch.ts";

export const SESSION_SERVICE = "signalbox.v1.SessionService";

export interface SessionServiceOptions {
  readonly registrar: { submit(operations: readonly Operation[]): Promise<Committed> };
  readonly table: Pick<SessionTable, "get" | "list">;
  readonly feed: SessionFeed;
  readonly receipts: Receipts;
  readonly parsing: SessionParsing;
  /** Stands for this run of Signalbox in the positions of watches. */
  readonly epoch: string;
  /** Before it is, nothing is said of sessions: it would look as if there were none. */
  readonly isReady: () => boolean;
}

export interface SessionService {
  readonly service: GrpcService;
  /** To be called after every change of the feed: tells those who watch. */
  advance(): void;
}

const MAX_REQUEST_BYTES = 1024 * 1024;

/** `signalbox.v1.SessionService`: what the tasks API does, in gRPC; and watches. */
export function createSessionService(options: SessionServiceOptions): SessionService {
  const { registrar, table, feed, receipts, parsing, epoch } = options;
  const followers = new Set<WatchFollower>();

  function requireReady(): void {
    if (!options.isReady()) throw new SignalboxError("not_ready", "Cannot answer: Signalbox is starting");
  }

  async function waitFor(session: ReceiptOf, timeoutMs: number | undefined) {
    if (timeoutMs === undefined) return {};
    return { delivery: toDeliveryMessage(requireNotRejected(await receipts.waitForSession(session, timeoutMs))) };
  }

  function openWatch({ labels = {}, after, now }: Messages["signalbox.v1.WatchRequest"]): SessionWatch {
    const options = { table, feed, labels, maxSessions: MAX_STEP_SESSIONS };
    if (now !== undefined) return new SessionWatch({ ...options, after: feed.head });
    // What another run of Signalbox told may have been otherwise under the same number.
    if (after?.epoch !== epoch) return new SessionWatch(options);
    return new SessionWatch({ ...options, after: Number(after.generation ?? 0) });
  }

  const service = createService(SESSION_SERVICE, {
    Register: unary({
      request: "signalbox.v1.RegisterRequest",
      response: "signalbox.v1.RegisterResponse",
      maxBytes: MAX_REQUEST_BYTES,
      async handle(request) {
        requireReady();
        const { timeoutMs, issues } = parseWait(request.wait);
        const session = parseRegister(request, { ...parsing, issues });
        const { outcomes: [outcome] } = await registrar.submit([{ kind: "register", session }]);
        if (outcome?.status === "refused") throw outcome.error;
        if (outcome === undefined || outcome.status === "deleted") throw new TypeError("A registration has no outcome");
        const { status, record } = outcome;
        const delivered = await waitFor(session, timeoutMs);
        return { outcome: OUTCOMES[status], session: toSessionMessage(record), ...delivered };
      },
    }),
    Deregister: unary({
      request: "signalbox.v1.DeregisterRequest",
      response: "signalbox.v1.DeregisterResponse",
      maxBytes: MAX_REQUEST_BYTES,
      async handle(request) {
        requireReady();
        const { timeoutMs, issues } = parseWait(request.wait);
        const id = parseReference(request, { action: "remove", issues });
        const { generation, outcomes: [outcome] } = await registrar.submit([{ kind: "deregister", id }]);
        if (outcome?.status === "refused") throw outcome.error;
        return { id, generation, ...await waitFor({ id }, timeoutMs) };
      },
    }),
    Batch: unary({
      request: "signalbox.v1.BatchRequest",
      response: "signalbox.v1.BatchResponse",
      async handle(request) {
        requireReady();
        const { timeoutMs, issues } = parseWait(request.wait);
        const items = parseBatch(request, { ...parsing, issues });
        const committed = await registrar.submit(operationsOf(items));
        const { generation } = committed;
        if (timeoutMs === undefined) return { results: toResults(items, committed, () => undefined), generation };
        const delivery = await receipts.waitForGeneration(generation, timeoutMs);
        const results = toResults(items, committed, (session) => {
          const own = receipts.ofSession(session);
          return own.state === "live" ? undefined : toDeliveryMessage(own);
        });
        return { results, generation, delivery: delivery && toDeliveryMessage(delivery) };
      },
    }),
    Get: unary({
      request: "signalbox.v1.GetRequest",
      response: "signalbox.v1.GetResponse",
      maxBytes: MAX_REQUEST_BYTES,
      handle(request) {
        requireReady();
        const id = parseReference(request, { action: "get", issues: [] });
        const record = table.get(id);
        if (record === undefined) throw new SignalboxError("not_found", `Cannot get session "${id}": there is none`);
        return {
          session: toSessionMessage(record),
          delivery: toDeliveryMessage(receipts.ofSession(record.session)),
        };
      },
    }),
    List: unary({
      request: "signalbox.v1.ListRequest",
      response: "signalbox.v1.ListResponse",
      maxBytes: MAX_REQUEST_BYTES,
      handle({ limit = 0, after = "", labels = {} }) {
        requireReady();
        const query = new URLSearchParams({ ...limit !== 0 && { limit: String(limit) }, ...after !== "" && { after } });
        const { records, next } = table.list({ ...parseListQuery(query), labels });
        return { sessions: records.map(toSessionMessage), next };
      },
    }),
    Watch: serverStream({
      request: "signalbox.v1.WatchRequest",
      response: "signalbox.v1.WatchResponse",
      open(request, stream) {
        requireReady();
        const follower = followWatch(openWatch(request), stream, { epoch });
        followers.add(follower);
        follower.advance();
        return () => followers.delete(follower);
      },
    }),
    GetGeneration: unary({
      request: "signalbox.v1.GetGenerationRequest",
      response: "signalbox.v1.GetGenerationResponse",
      maxBytes: MAX_REQUEST_BYTES,
      async handle(request) {
        requireReady();
        const generation = Number(request.generation ?? 0);
        const { timeoutMs, issues } = parseWait(request.wait);
        if (issues.length > 0) {
          throw new SignalboxError("invalid_request", "Cannot wait: the request is not acceptable", { issues });
        }
        const delivery = timeoutMs === undefined
          ? receipts.ofGeneration(generation)
          : await receipts.waitForGeneration(generation, timeoutMs);
        if (delivery !== undefined) return { generation, delivery: toDeliveryMessage(delivery) };
        throw new SignalboxError("not_found", `Cannot find generation "${generation}": it is still to come`);
      },
    }),
  });

  return {
    service,
    advance() {
      for (const follower of followers) follower.advance();
    },
  };
}
