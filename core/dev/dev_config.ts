import { parseDocument } from "yaml";

/** Hosts below `localhost` reach this machine in curl and in browsers without any set-up. */
export const DEV_DOMAIN = "dev.localhost";

/** The laptop's config as it is first written. Its ports are wishes: what runs has others for those that are taken. */
export const DEV_CONFIG = `\
# Signalbox on a laptop. "deno task dev" made this file and reads it again whenever it changes: try things here.
# Delete it to have it made anew. deploy/signalbox.yaml explains every key.
domain: ${DEV_DOMAIN}
http: { address: 127.0.0.1, port: 8080 }
xds: { address: 127.0.0.1, port: 18000 }
grpc: { address: 127.0.0.1, port: 8081 }
store: { kind: sqlite, path: sessions.db }
delivery: { routes: scoped, clusters: push }
listeners:
  - { name: ingress, address: 127.0.0.1, port: 8443, tls: { cert: tls.crt, key: tls.key } }
log: { level: info, format: json }
`;

export interface MovedPort {
  /** As in `listeners[0].port`. */
  readonly path: string;
  readonly from: number;
  readonly to: number;
}

/** How a port is judged and replaced; I/O is the caller's. */
export interface PortSource {
  isFree(address: string, port: number): boolean;
  take(address: string): number;
}

/**
 * The config with every taken port (and every 0, which could not be known elsewhere) replaced; the rest stays as written.
 * What was moved `before` is moved to the same place again.
 */
export function movePorts(
  text: string,
  ports: PortSource,
  before: readonly MovedPort[] = [],
): { readonly text: string; readonly moved: readonly MovedPort[] } {
  const document = parseDocument(text);
  const listeners = document.getIn(["listeners"], false);
  const count = typeof listeners === "object" && listeners !== null && "items" in listeners &&
      Array.isArray(listeners.items)
    ? listeners.items.length
    : 0;
  const places = [["http"], ["xds"], ["grpc"], ...Array.from({ length: count }, (_, index) => ["listeners", index])];
  const moved: MovedPort[] = [];
  for (const place of places) {
    const port = document.getIn([...place, "port"]);
    const address = document.getIn([...place, "address"]) ?? "127.0.0.1";
    // What is not acceptable is for Signalbox to report.
    if (typeof port !== "number" || typeof address !== "string") continue;
    const path = place.length === 1 ? `${place[0]}.port` : `listeners[${place[1]}].port`;
    const again = before.find((move) => move.path === path && move.from === port);
    if (again === undefined && port !== 0 && ports.isFree(address, port)) continue;
    const to = again?.to ?? ports.take(address);
    document.setIn([...place, "port"], to);
    moved.push({ path, from: port, to });
  }
  return moved.length === 0 ? { text, moved } : { text: document.toString({ lineWidth: 0 }), moved };
}
