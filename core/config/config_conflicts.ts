import type { Location } from "./config_problem.ts";

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
  return [...listenerConflicts(raw), ...groupConflicts(raw), ...serverConflicts(raw), ...pluginConflicts(raw)];
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
      else {conflicts.push({
          location: ["listeners", index, "name"],
          message: `is also the name of listeners[${first}]`,
        });}
    }
    const socket = socketOf(listener, { address: "0.0.0.0", port: undefined });
    if (socket !== undefined) {
      const first = sockets.get(socket);
      if (first === undefined) sockets.set(socket, index);
      else {conflicts.push({
          location: ["listeners", index, "port"],
          message: `${socket} is taken by listeners[${first}]`,
        });}
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
    else {conflicts.push({
        location: ["groups", index, "name"],
        message: `is also the name of groups[${earlier}]`,
      });}
    const wanted = read(group, "listeners");
    for (const [at, listener] of Array.isArray(wanted) ? wanted.entries() : []) {
      if (typeof listener !== "string" || names.has(listener)) continue;
      conflicts.push({ location: ["groups", index, "listeners", at], message: `there is no listener "${listener}"` });
    }
    return conflicts;
  });
}

function serverConflicts(raw: unknown): readonly Conflict[] {
  const http = socketOf(read(raw, "http"), { address: "127.0.0.1", port: 8080 });
  const xds = socketOf(read(raw, "xds"), { address: "127.0.0.1", port: 18000 });
  if (http === undefined || http !== xds) return [];
  if (read(raw, "xds") === undefined) return [{ location: ["http", "port"], message: `${http} is taken by xds` }];
  return [{ location: ["xds", "port"], message: `${xds} is taken by http` }];
}

/** `address:port`, or undefined where they are not of the right type or the port is picked when it is bound. */
function socketOf(value: unknown, defaults: { address: string; port: number | undefined }): string | undefined {
  const address = read(value, "address") ?? defaults.address;
  const port = read(value, "port") ?? defaults.port;
  if (typeof address !== "string" || typeof port !== "number" || port === 0) return undefined;
  return address.includes(":") ? `[${address.toLowerCase()}]:${port}` : `${address}:${port}`;
}

function read(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}
