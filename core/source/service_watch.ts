import { type CollectionScope, collectionsOf } from "../kubernetes/collections.ts";
import type { KubernetesClient } from "../kubernetes/kubernetes_client.ts";
import { Reflector } from "../kubernetes/reflector.ts";
import type { Timers } from "../timers.ts";
import { type EndpointSlice, parseEndpointSlice, parseService, type Service } from "./kubernetes_service.ts";
import type { ServiceUpdates } from "./service_endpoints.ts";

export interface ServiceWatchOptions extends CollectionScope {
  readonly client: Pick<KubernetesClient, "request" | "watch">;
  readonly onChange: (updates: ServiceUpdates) => void;
  readonly timers: Timers;
  readonly nowMs: () => number;
}

/**
 * Follows Services and their EndpointSlices. A selector means both, for Kubernetes gives EndpointSlices the labels of
 * their Service.
 */
export class ServiceWatch {
  readonly #reflectors: readonly (Reflector<Service> | Reflector<EndpointSlice>)[];

  constructor({ client, timers, nowMs, onChange, ...scope }: ServiceWatchOptions) {
    const shared = { client, timers, nowMs };
    const services = collectionsOf({ api: "/api/v1", resource: "services" }, scope).map((collection) =>
      new Reflector({ ...shared, collection, parse: parseService, onChange: (services) => onChange({ services }) })
    );
    const slices = collectionsOf({ api: "/apis/discovery.k8s.io/v1", resource: "endpointslices" }, scope).map(
      (collection) =>
        new Reflector({ ...shared, collection, parse: parseEndpointSlice, onChange: (slices) => onChange({ slices }) }),
    );
    this.#reflectors = [...services, ...slices];
  }

  /** Resolves when every Service that there is has been handed on, with all its endpoints. */
  async synced(): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.synced));
  }

  /** What keeps Services from being followed now, for people. */
  get problems(): readonly string[] {
    return this.#reflectors.flatMap(({ problem }) => problem ?? []);
  }

  async close(): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.close()));
  }
}
