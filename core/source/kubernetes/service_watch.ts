import { type CollectionScope, collectionsOf } from "../../kubernetes/collections.ts";
import type { KubernetesClient } from "../../kubernetes/kubernetes_client.ts";
import { Reflector } from "../../kubernetes/reflector.ts";
import { Reflectors } from "../../kubernetes/reflectors.ts";
import type { Timers } from "../../timers.ts";
import { parseEndpointSlice, parseService } from "./kubernetes_service.ts";
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
  readonly #reflectors: Reflectors;

  constructor({ client, timers, nowMs, onChange, ...scope }: ServiceWatchOptions) {
    const shared = { client, timers, nowMs };
    const services = collectionsOf({ api: "/api/v1", resource: "services" }, scope).map((collection) =>
      new Reflector({ ...shared, collection, parse: parseService, onChange: (services) => onChange({ services }) })
    );
    const slices = collectionsOf({ api: "/apis/discovery.k8s.io/v1", resource: "endpointslices" }, scope).map(
      (collection) =>
        new Reflector({ ...shared, collection, parse: parseEndpointSlice, onChange: (slices) => onChange({ slices }) }),
    );
    this.#reflectors = new Reflectors([...services, ...slices]);
  }

  /** Resolves when every Service that there is has been handed on, with all its endpoints. */
  synced(): Promise<void> {
    return this.#reflectors.synced();
  }

  /** What keeps Services from being followed now, for people. */
  get problems(): readonly string[] {
    return this.#reflectors.problems;
  }

  close(): Promise<void> {
    return this.#reflectors.close();
  }
}
