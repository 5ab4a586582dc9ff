import { getLogger } from "@logtape/logtape";
import { TYPE_LABELS, type TypeUrl } from "../cache/resource_type.ts";
import type { Deliveries } from "../observe/deliveries.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { Client } from "./client.ts";
import type { ClientObserver } from "./client_stream.ts";
import type { StreamEvent } from "./event.ts";

export interface ClientWatchOptions {
  readonly metrics: Metrics;
  readonly deliveries: Deliveries;
  /** The version of a resource as the client should have it; absent where it should have none. */
  readonly versionFor: (client: Client, typeUrl: TypeUrl, name: string) => string | undefined;
  /** The plugin that touches a resource of the session last; absent where none does. */
  readonly touchedBy: (sessionId: string, typeUrl: TypeUrl, name: string) => string | undefined;
  /** Milliseconds that never go back. */
  readonly nowMs: () => number;
}

const log = getLogger(["signalbox", "xds"]);

/** Makes numbers, log lines and deliveries of what clients do. */
export function createClientWatch(options: ClientWatchOptions): ClientObserver {
  const { metrics, deliveries, versionFor, touchedBy, nowMs } = options;
  const describe = ({ node, group, protocol }: Client) => ({ node: node.id, group, protocol });

  function watchRejection(client: Client, event: StreamEvent & { readonly kind: "rejected" }): void {
    const { typeUrl, name, version, sessionId, message } = event;
    const type = TYPE_LABELS[typeUrl];
    metrics.rejected(type);
    const stands = () => versionFor(client, typeUrl, name) === version;
    // What the session has been since is another matter.
    const isCurrent = sessionId !== undefined && stands();
    const plugin = isCurrent ? touchedBy(sessionId, typeUrl, name) : undefined;
    const fields = { ...describe(client), type, name, version, session: sessionId, plugin, reason: message };
    log.error("An Envoy rejects {name}: {reason}", fields);
    if (!isCurrent) return;
    const rejection = { resource: name, type, message };
    deliveries.rejected(client, sessionId, plugin === undefined ? rejection : { ...rejection, plugin }, stands);
  }

  return {
    opened(client) {
      metrics.opened(client.protocol);
      deliveries.opened(client, nowMs());
      log.info("{node} connected", describe(client));
    },
    closed(client) {
      metrics.closed(client.protocol);
      deliveries.closed(client);
      log.info("{node} disconnected", describe(client));
    },
    refused(node) {
      metrics.refused();
      log.warn("Node {node} is refused: no group has it", { node: node.id, cluster: node.cluster });
    },
    progressed: (client, revision) => deliveries.progressed(client, revision, nowMs()),
    event(client, event) {
      switch (event.kind) {
        case "sent":
          deliveries.sent(client, nowMs());
          return metrics.sent(TYPE_LABELS[event.typeUrl], event.resources);
        case "acked": {
          const now = nowMs();
          deliveries.answered(client, now);
          const publishedAtMs = event.from < event.generation ? deliveries.publishedAtMs(event.from + 1) : undefined;
          const seconds = publishedAtMs === undefined ? undefined : (now - publishedAtMs) / 1000;
          return metrics.acked(TYPE_LABELS[event.typeUrl], seconds);
        }
        case "nacked": {
          deliveries.answered(client, nowMs());
          const type = TYPE_LABELS[event.typeUrl];
          metrics.nacked(type);
          const { names, message } = event;
          return log.warn("An Envoy rejected a response: {reason}", {
            ...describe(client),
            type,
            names,
            reason: message,
          });
        }
        case "rejected":
          return watchRejection(client, event);
        case "forgotten":
          return metrics.forgotten(TYPE_LABELS[event.typeUrl]);
        case "unknown_type":
          metrics.unknownType();
          return log.warn("An Envoy asks for resources of a type that is not served: {url}", {
            ...describe(client),
            url: event.url,
          });
      }
    },
  };
}
