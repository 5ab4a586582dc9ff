import type { EndpointSlice, Service } from "./kubernetes_service.ts";

/** What became of Services and EndpointSlices, by UID. */
export interface ServiceUpdates {
  readonly services?: ReadonlyMap<string, Service | undefined>;
  readonly slices?: ReadonlyMap<string, EndpointSlice | undefined>;
}

export interface ServiceEndpoint {
  readonly address: string;
  readonly port: number;
}

/** Services, and which of their endpoints take calls. */
export class ServiceEndpoints {
  readonly #services = new Map<string, Service>();
  readonly #slices = new Map<string, EndpointSlice>();
  /** UIDs by the Service's name. */
  readonly #named = new Map<string, Set<string>>();
  readonly #slicesOf = new Map<string, Set<string>>();

  /** By UID. */
  get(uid: string): Service | undefined {
    return this.#services.get(uid);
  }

  /** All of this name, as `default/web`: one that was made anew may come before it is known that the other is gone. */
  named(name: string): readonly Service[] {
    return Array.from(this.#named.get(name) ?? []).flatMap((uid) => this.#services.get(uid) ?? []);
  }

  /** Takes in what became of them, all of it in one step; the names of the Services that this could concern. */
  apply({ services = new Map(), slices = new Map() }: ServiceUpdates): ReadonlySet<string> {
    const names = new Set<string>();
    for (const [uid, service] of services) {
      const before = this.#services.get(uid);
      if (before) unlink(this.#named, nameOf(before), uid, names);
      if (service) {
        this.#services.set(uid, service);
        link(this.#named, nameOf(service), uid, names);
      } else this.#services.delete(uid);
    }
    for (const [uid, slice] of slices) {
      const before = this.#slices.get(uid);
      if (before) unlink(this.#slicesOf, serviceOf(before), uid, names);
      if (slice) {
        this.#slices.set(uid, slice);
        link(this.#slicesOf, serviceOf(slice), uid, names);
      } else this.#slices.delete(uid);
    }
    return names;
  }

  /** Those of a port, each once, in an order that is the same in every replica. */
  endpointsOf(service: Service, portName: string): readonly ServiceEndpoint[] {
    const found = new Map<string, ServiceEndpoint>();
    for (const uid of this.#slicesOf.get(nameOf(service)) ?? []) {
      const slice = this.#slices.get(uid);
      const port = slice?.ports.get(portName);
      // A Service that was made anew under the name has endpoints of its own.
      if (!slice || port === undefined || (slice.owner ?? service.uid) !== service.uid) continue;
      if (slice.family === "FQDN" || (service.family ?? slice.family) !== slice.family) continue;
      for (const address of slice.addresses) found.set(`${address} ${port}`, { address, port });
    }
    return Array.from(found).sort(([a], [b]) => a < b ? -1 : 1).map(([, endpoint]) => endpoint);
  }
}

export function nameOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}/${name}`;
}

function serviceOf({ namespace, service }: EndpointSlice): string {
  return `${namespace}/${service}`;
}

function link(by: Map<string, Set<string>>, name: string, uid: string, changed: Set<string>): void {
  by.set(name, (by.get(name) ?? new Set()).add(uid));
  changed.add(name);
}

function unlink(by: Map<string, Set<string>>, name: string, uid: string, changed: Set<string>): void {
  const uids = by.get(name);
  uids?.delete(uid);
  if (uids?.size === 0) by.delete(name);
  changed.add(name);
}
