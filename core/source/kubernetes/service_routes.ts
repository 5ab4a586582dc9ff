import type { Endpoints } from "../../session/endpoints.ts";
import type { ServicePort } from "../../session/session.ts";
import { nameOf, ServiceEndpoints, type ServiceUpdates } from "./service_endpoints.ts";

/** As `Source` of what sessions are built with. */
interface Watched {
  readonly version: number;
  retain(sessionId: string, seenVersion: number): void;
  release(sessionId: string): void;
  discard(): void;
}

export interface ServiceRoutesOptions {
  /** Told what is asked for while a session is built. */
  readonly reads: { note(source: Watched): void };
  /** Told of sessions that are served and whose Service may have other endpoints now. */
  readonly onMoved: (sessionIds: Iterable<string>) => void;
}

/**
 * Where the Services are that registered sessions lead to, and which sessions those are: a change of one Service concerns
 * its sessions and no others.
 */
export class ServiceRoutes {
  readonly #reads: ServiceRoutesOptions["reads"];
  readonly #endpoints = new ServiceEndpoints();
  readonly #known: Known;

  constructor({ reads, onMoved }: ServiceRoutesOptions) {
    this.#reads = reads;
    this.#known = { step: 0, uses: new Map(), onMoved };
  }

  /** Where a port of a Service is now. Asked while a session is built, it tells when that may have become another. */
  resolve({ port, ...service }: ServicePort): Endpoints {
    const name = nameOf(service);
    const [use = new Use(name, this.#known)] = this.#known.uses.get(name) ?? [];
    this.#reads.note(use);
    const found = this.#endpoints.named(name).findLast(({ terminating }) => !terminating);
    if (!found) return nowhere(`there is no Service ${name}`);
    const named = found.ports.find((candidate) => candidate.port === port);
    if (!named) return nowhere(`Service ${name} has no TCP port ${port}`);
    const endpoints = this.#endpoints.endpointsOf(found, named.name);
    if (endpoints.length === 0) return nowhere(`no endpoint of Service ${name} is ready`);
    return { backends: endpoints.map((endpoint) => ({ ...endpoint, weight: 1 })) };
  }

  /** Takes in what became of Services and their endpoints, all of it in one step. */
  apply(updates: ServiceUpdates): void {
    const names = this.#endpoints.apply(updates);
    this.#known.step++;
    const moved = Array.from(names).flatMap((name) => [...this.#known.uses.get(name) ?? []]).flatMap((use) => [...use]);
    if (moved.length > 0) this.#known.onMoved(moved);
  }
}

interface Known {
  /** Counts what became of any Service: a session may be on its way that no use of its Service knows of yet. */
  step: number;
  /** By the Service's name. */
  readonly uses: Map<string, Set<Use>>;
  readonly onMoved: ServiceRoutesOptions["onMoved"];
}

/** Of a Service by sessions, which it iterates. There may be several of one: each is known while a session retains it. */
class Use implements Watched {
  readonly #name: string;
  readonly #known: Known;
  readonly #sessions = new Set<string>();

  constructor(name: string, known: Known) {
    this.#name = name;
    this.#known = known;
  }

  get version(): number {
    return this.#known.step;
  }

  retain(sessionId: string, seenVersion: number): void {
    const { uses, step, onMoved } = this.#known;
    this.#sessions.add(sessionId);
    uses.set(this.#name, (uses.get(this.#name) ?? new Set()).add(this));
    if (seenVersion !== step) onMoved([sessionId]);
  }

  release(sessionId: string): void {
    this.#sessions.delete(sessionId);
    if (this.#sessions.size > 0) return;
    const { uses } = this.#known;
    uses.get(this.#name)?.delete(this);
    if (uses.get(this.#name)?.size === 0) uses.delete(this.#name);
  }

  discard(): void {}

  [Symbol.iterator](): Iterator<string> {
    return this.#sessions.values();
  }
}

const nowhere = (problem: string): Endpoints => ({ backends: [], problem });
