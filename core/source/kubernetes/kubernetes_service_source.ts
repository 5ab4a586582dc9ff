import { getLogger } from "@logtape/logtape";
import type { ParseSessionOptions } from "../../session/parse_session.ts";
import type { ClaimedSessions } from "./claimed_sessions.ts";
import type { EventSubject, KubernetesEvent } from "./kubernetes_events.ts";
import { keyOf, ServiceSessions, uidOf } from "./kubernetes_services.ts";
import { nameOf, type ServiceUpdates } from "./service_endpoints.ts";
import { ServiceWatch, type ServiceWatchOptions } from "./service_watch.ts";

export interface ServiceSourceOptions extends Omit<ServiceWatchOptions, "onChange"> {
  readonly sessions: Pick<ClaimedSessions, "apply" | "verdict" | "listen">;
  readonly events: { warn(subject: EventSubject, event: KubernetesEvent): void };
  readonly parsing: Pick<ParseSessionOptions, "domain" | "groups">;
}

const log = getLogger(["signalbox", "services"]);

/** Makes Services sessions: those that its selector matches, for as long as they have endpoints that take calls. */
export class ServiceSource {
  readonly #options: ServiceSourceOptions;
  readonly #services: ServiceSessions;
  readonly #watch: ServiceWatch;
  /** What was last said of each Service that has a problem. */
  readonly #problems = new Map<string, string>();

  constructor(options: ServiceSourceOptions) {
    this.#options = options;
    this.#services = new ServiceSessions(options.parsing);
    options.sessions.listen((keys) => this.#review(Array.from(keys).flatMap((key) => uidOf(key) ?? [])));
    this.#watch = new ServiceWatch({ ...options, onChange: (updates) => this.#takeIn(updates) });
  }

  /** Resolves when every Service that there is has been handed on, with all its endpoints. */
  synced(): Promise<void> {
    return this.#watch.synced();
  }

  /** What keeps Services from being followed now, for people. */
  get problems(): readonly string[] {
    return this.#watch.problems;
  }

  close(): Promise<void> {
    return this.#watch.close();
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
