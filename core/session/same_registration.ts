import { isDeepStrictEqual } from "node:util";
import type { Backend, Session } from "./session.ts";

/**
 * Whether `a` and `b` ask for the same in every field; the order of keys does not matter, that of backends does. Where a
 * Service's endpoints are now is nothing that they ask for.
 */
export function sameRegistration(a: Session, b: Session): boolean {
  return a.id === b.id && a.host === b.host && a.ttlMs === b.ttlMs &&
    sameList(a.aliases, b.aliases, (x, y) => x === y) && isDeepStrictEqual(a.service, b.service) &&
    (a.service !== undefined || sameBackends(a.backends, b.backends)) &&
    isDeepStrictEqual(a.groups, b.groups) && isDeepStrictEqual(a.labels, b.labels) &&
    isDeepStrictEqual(a.plugins, b.plugins);
}

export function sameBackends(a: readonly Backend[], b: readonly Backend[]): boolean {
  return sameList(a, b, sameBackend);
}

function sameBackend(a: Backend, b: Backend): boolean {
  return a.address === b.address && a.port === b.port && a.weight === b.weight;
}

function sameList<T>(a: readonly T[], b: readonly T[], same: (a: T, b: T) => boolean): boolean {
  return a.length === b.length && a.every((item, i) => {
    const other = b[i];
    return other !== undefined && same(item, other);
  });
}
