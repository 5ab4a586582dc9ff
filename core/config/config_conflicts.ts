import { formatLocation, type Location } from "./config_problem.ts";

/** A problem between values that are each acceptable. */
export interface Conflict {
  readonly location: Location;
  readonly message: string;
}

/**
 * What the schema cannot say: names and addresses that must differ. Takes the file's values before validation, so that
 * these problems are reported together with the schema's, and skips what is not of the right type.
 */
export function findConflicts(raw: unknown): readonly Conflict[] {
  return [
    ...listenerConflicts(raw),
    ...groupConflicts(raw),
    ...serverConflicts(raw),
    ...pluginConflicts(raw),
    ...identityConflicts(raw),
    ...Object.keys(SERVERS).flatMap((server) => tokenConflicts(read(read(raw, server), "tokens"), [server, "tokens"])),
  ];
}

function pluginConflicts(raw: unknown): readonly Conflict[] {
  const plugins = read(raw, "plugins");
  if (!Array.isArray(plugins)) return [];
  const names = plugins.map((plugin: unknown) => read(plugin, "name"));
  return names.flatMap((name, index) => {
    const first = names.indexOf(name);
    if (typeof name !== "string" || first === index) return [];
    return [{ location: ["plugins", index, "name"], message: `is also the name of plugins[${first}]` }];
  });
}

function listenerConflicts(raw: unknown): readonly Conflict[] {
  const listeners = read(raw, "listeners");
  if (!Array.isArray(listeners)) return [];
  const conflicts: Conflict[] = [];
  const names = new Map<string, number>();
  const sockets = new Map<string, number>();
  listeners.forEach((listener: unknown, index) => {
    const name = read(listener, "name");
    if (typeof name === "string") {
      const first = names.get(name);
      if (first === undefined) names.set(name, index);
      else {
        const message = `is also the name of listeners[${first}]`;
        conflicts.push({ location: ["listeners", index, "name"], message });
      }
    }
    const found = socketOf(listener, { address: "0.0.0.0", port: undefined });
    if (found !== undefined) {
      const socket = format(found);
      const first = sockets.get(socket);
      if (first === undefined) sockets.set(socket, index);
      else {
        const message = `${socket} is taken by listeners[${first}]`;
        conflicts.push({ location: ["listeners", index, "port"], message });
      }
    }
  });
  return conflicts;
}

function groupConflicts(raw: unknown): readonly Conflict[] {
  const groups = read(raw, "groups");
  if (!Array.isArray(groups)) return [];
  const listeners = read(raw, "listeners");
  const names = new Set(Array.isArray(listeners) ? listeners.map((listener) => read(listener, "name")) : ["ingress"]);
  const first = new Map<unknown, number>();
  return groups.flatMap((group: unknown, index): Conflict[] => {
    const conflicts: Conflict[] = [];
    const name = read(group, "name");
    const earlier = first.get(name);
    if (earlier === undefined) first.set(name, index);
    else {
      const message = `is also the name of groups[${earlier}]`;
      conflicts.push({ location: ["groups", index, "name"], message });
    }
    const wanted = read(group, "listeners");
    for (const [at, listener] of Array.isArray(wanted) ? wanted.entries() : []) {
      if (typeof listener !== "string" || names.has(listener)) continue;
      conflicts.push({ location: ["groups", index, "listeners", at], message: `there is no listener "${listener}"` });
    }
    return conflicts;
  });
}

/** The ports that hold where the config says none. */
const SERVERS = { http: 8080, xds: 18000, grpc: 8081 };

function serverConflicts(raw: unknown): readonly Conflict[] {
  const servers = Object.entries(SERVERS).flatMap(([name, port]) => {
    const written = read(raw, name);
    const socket = socketOf(written, { address: "127.0.0.1", port });
    return socket === undefined || read(written, "enabled") === false ? [] : [{ name, written, socket }];
  });
  return servers.flatMap((own, index) => {
    const other = servers.slice(0, index).find(({ socket }) => overlap(socket, own.socket));
    if (other === undefined) return [];
    // Of the two the one that is written down, for there it can be changed.
    return own.written === undefined ? [serverConflict(other, own)] : [serverConflict(own, other)];
  });
}

interface Server {
  readonly name: string;
  readonly socket: Socket;
}

function serverConflict(own: Server, other: Server): Conflict {
  const socket = format(own.socket);
  const which = socket === format(other.socket) ? "" : `, which has ${format(other.socket)}`;
  return { location: [own.name, "port"], message: `${socket} is taken by ${other.name}${which}` };
}

/** A name that no client can have. */
function identityConflicts(raw: unknown): readonly Conflict[] {
  const xds = read(raw, "xds");
  const tokens = new Set(asList(read(xds, "tokens")).map((token) => `token:${read(token, "name")}`));
  return asList(read(raw, "groups")).flatMap((group, index) =>
    asList(read(read(group, "match"), "identities")).flatMap((identity, at): Conflict[] => {
      if (typeof identity !== "string") return [];
      const location = ["groups", index, "match", "identities", at];
      if (!identity.startsWith("token:")) {
        const asked = read(read(xds, "tls"), "clientCa") !== undefined;
        return asked ? [] : [{ location, message: "no Envoy is asked for a certificate: xds.tls.clientCa is missing" }];
      }
      const known = tokens.has(identity) || identity.endsWith("*") || read(xds, "tokensFile") !== undefined;
      return known ? [] : [{ location, message: `there is no "${identity.slice(6)}" in xds.tokens` }];
    })
  );
}

/** Two tokens of one name, or one token with two. */
export function tokenConflicts(tokens: unknown, location: Location): readonly Conflict[] {
  const seen = new Map<string, number>();
  return asList(tokens).flatMap((token, index) =>
    ["name", "sha256"].flatMap((key): Conflict[] => {
      const value = `${key} ${read(token, key)}`;
      const first = seen.get(value);
      if (first === undefined) seen.set(value, index);
      if (first === undefined || typeof read(token, key) !== "string") return [];
      return [{
        location: [...location, index, key],
        message: `is also the ${key} of ${formatLocation([...location, first])}`,
      }];
    })
  );
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

interface Socket {
  /** In lower case. */
  readonly address: string;
  readonly port: number;
}

/** Whether one process cannot listen to both: `0.0.0.0` is every IPv4 address, and `::` every address. */
function overlap(a: Socket, b: Socket): boolean {
  if (a.port !== b.port) return false;
  const covers = (wide: string, address: string) =>
    wide === address || wide === "::" || (wide === "0.0.0.0" && !address.includes(":"));
  return covers(a.address, b.address) || covers(b.address, a.address);
}

function format({ address, port }: Socket): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Undefined where it is not of the right type or the port is picked when it is bound. */
function socketOf(value: unknown, defaults: { address: string; port: number | undefined }): Socket | undefined {
  const address = read(value, "address") ?? defaults.address;
  const port = read(value, "port") ?? defaults.port;
  if (typeof address !== "string" || typeof port !== "number" || port === 0) return undefined;
  return { address: address.toLowerCase(), port };
}

function read(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}
