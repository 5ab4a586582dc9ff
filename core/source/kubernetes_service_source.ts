import { getLogger } from "@logtape/logtape";
import { type CollectionScope, collectionsOf } from "../kubernetes/collections.ts";
import type { KubernetesClient } from "../kubernetes/kubernetes_client.ts";
import { Reflector } from "../kubernetes/reflector.ts";
import type { ParseSessionOptions } from "../session/parse_session.ts";
import type { Timers } from "../timers.ts";
import type { ClaimedSessions } from "./claimed_sessions.ts";
import type { EventSubject, KubernetesEvent } from "./kubernetes_events.ts";
import { type EndpointSlice, parseEndpointSlice, parseService, type Service } from "./kubernetes_service.ts";
import { keyOf, nameOf, ServiceSessions, type ServiceUpdates, uidOf } from "./kubernetes_services.ts";

export interface ServiceSourceOptions extends CollectionScope {
  readonly client: Pick<KubernetesClient, "request" | "watch">;
  readonly sessions: Pick<ClaimedSessions, "apply" | "verdict" | "listen">;
  readonly events: { warn(subject: EventSubject, event: KubernetesEvent): void };
  readonly parsing: Pick<ParseSessionOptions, "domain" | "groups">;
  readonly timers: Timers;
  readonly nowMs: () => number;
}

const log = getLogger(["signalbox", "services"]);

/**
 * Makes Services sessions: those that its selector matches, for as long as they have endpoints that take calls. The
 * EndpointSlices are found by the same selector, for Kubernetes gives them the labels of their Service.
 */
export class ServiceSource {
  readonly #options: ServiceSourceOptions;
  readonly #services: ServiceSessions;
  readonly #reflectors: readonly (Reflector<Service> | Reflector<EndpointSlice>)[];
  /** What was last said of each Service that has a problem. */
  readonly #problems = new Map<string, string>();

  constructor(options: ServiceSourceOptions) {
    this.#options = options;
    this.#services = new ServiceSessions(options.parsing);
    options.sessions.listen((keys) => this.#review(Array.from(keys).flatMap((key) => uidOf(key) ?? [])));
    const { client, timers, nowMs } = options;
    const services = collectionsOf({ api: "/api/v1", resource: "services" }, options).map((collection) =>
      new Reflector({
        ...{ client, collection, timers, nowMs },
        parse: parseService,
        onChange: (services) => this.#takeIn({ services }),
      })
    );
    const slices = collectionsOf({ api: "/apis/discovery.k8s.io/v1", resource: "endpointslices" }, options).map(
      (collection) =>
        new Reflector({
          ...{ client, collection, timers, nowMs },
          parse: parseEndpointSlice,
          onChange: (slices) => this.#takeIn({ slices }),
        }),
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

  #takeIn(updates: ServiceUpdates): void {
    const { claims, concerned } = this.#services.apply(updates);
    this.#options.sessions.apply(claims, () => this.#review(concerned));
  }

  /** Says what is wrong with Services, once. */
  #review(uids: Iterable<string>): void {
    const { sessions, events } = this.#options;
    for (const uid of uids) {
      const service = this.#services.get(uid);
      const issues = this.#services.issuesOf(uid);
      const message = issues.length > 0
        ? issues.map(({ path, message }) => `${path} ${message}`).join("; ")
        : sessions.verdict(keyOf(uid))?.problem;
      if (!service || message === undefined) {
        this.#problems.delete(uid);
        continue;
      }
      if (this.#problems.get(uid) === message) continue;
      this.#problems.set(uid, message);
      const { namespace, name } = service;
      const reason = issues.length > 0 ? "InvalidSession" : "NotRoutable";
      log.warn("Cannot route to service {service}: {problem}", { service: nameOf(service), problem: message, uid });
      events.warn({ apiVersion: "v1", kind: "Service", namespace, name, uid }, { reason, message });
    }
  }
}
