import type { Message } from "../proto/message_types.ts";
import type { Session } from "../session/session.ts";

type Route = Message<"envoy.config.route.v3.Route">;
type VirtualHost = Message<"envoy.config.route.v3.VirtualHost">;

/**
 * Everything to the session's cluster, for as long as it takes: gRPC streams have no natural end. Only what certainly
 * never reached the pod is tried again.
 */
export function buildRoute(session: Session): Route {
  return {
    match: { prefix: "/" },
    route: {
      cluster: session.id,
      timeout: { seconds: 0 },
      retryPolicy: { retryOn: "connect-failure,refused-stream,reset-before-request", numRetries: { value: 2 } },
    },
  };
}

export function buildVirtualHost(session: Session, routes: readonly Route[]): VirtualHost {
  return { name: session.host, domains: [session.host, ...session.aliases], routes: [...routes] };
}
