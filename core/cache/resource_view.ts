import { ChangeLog } from "./change_log.ts";
import { Digest } from "./digest.ts";
import type { Fragment, SharedResources } from "./fragment.ts";
import type { Dialect } from "./dialect.ts";
import type { Renderer } from "./render.ts";
import { rendererOf } from "./rendered.ts";
import type { Resource } from "./resource.ts";
import { V2_ROWS } from "./render_v2.ts";
import { allowsWildcard, CLUSTER, ROUTE, type TypeUrl, VIRTUAL_HOST } from "./resource_type.ts";
import { ENVOY_ROWS, RouteTable, type RowForm } from "./route_table.ts";

/** Dialects in which one route configuration has all virtual hosts. */
const ROWS: Readonly<Partial<Record<Dialect, RowForm>>> = { "envoy": ENVOY_ROWS, "envoy-v2": V2_ROWS };

/** One session's resources taking the place of others; without `next` the session is gone. */
export interface FragmentChange {
  readonly id: string;
  readonly previous: Fragment | undefined;
  readonly next: Fragment | undefined;
}

/**
 * Who is further behind connects anew, which costs as much as there are resources. No one change comes to more than twice
 * as many as there are before or after it, so that nobody is behind who had all that was before it.
 */
const MIN_BACKLOG = 20_000;

/** Envoy asks for all clusters, and by VHDS for all virtual hosts, before it asks for any by name, and has to be answered. */
const ON_DEMAND: ReadonlySet<TypeUrl> = new Set([CLUSTER, VIRTUAL_HOST]);

/** All resources of one type as they are now, and what changed. */
export class ResourceView {
  readonly typeUrl: TypeUrl;
  readonly log: ChangeLog;
  readonly #onDemand: boolean;
  readonly #renderer: Renderer;
  readonly #resources = new Map<string, Resource>();
  readonly #digest = new Digest();
  readonly #routeTable: RouteTable | undefined;
  #wildcard: "all" | readonly string[];
  /** How many there were before the last change. */
  #sizeBefore = 0;

  constructor(typeUrl: TypeUrl, options: {
    readonly dialect: Dialect;
    /** Sessions' clusters and virtual hosts are for those who ask for them by name. */
    readonly onDemand: boolean;
    readonly generation: number;
    readonly shared: SharedResources;
    readonly fragments: Iterable<Fragment>;
  }) {
    this.typeUrl = typeUrl;
    this.#onDemand = options.onDemand;
    this.#renderer = rendererOf(options.dialect, typeUrl);
    const rows = typeUrl === ROUTE ? ROWS[options.dialect] : undefined;
    this.#routeTable = rows && new RouteTable(rows);
    this.log = new ChangeLog({
      head: options.generation,
      maxBacklog: () => Math.max(MIN_BACKLOG, 2 * Math.max(this.#sizeBefore, this.#resources.size)),
    });
    const shared = this.#renderer.shared(options.shared);
    for (const resource of shared) this.#put(resource);
    this.#wildcard = this.#wildcardOf(shared);
    for (const fragment of options.fragments) {
      for (const resource of this.#renderer.render(fragment)) this.#put(resource);
      this.#routeTable?.add(fragment);
    }
    if (this.#routeTable) this.#put(this.#routeTable.resource());
  }

  /** What a name stands for; for some clients, names that nobody has stand for something too. */
  get(name: string): Resource | undefined {
    return this.#resources.get(name) ?? this.#renderer.standIn?.(name);
  }

  /** What a delta subscription to all of them gets: all, or only these. */
  get wildcard(): "all" | readonly string[] {
    return this.#wildcard;
  }

  get size(): number {
    return this.#resources.size;
  }

  resources(): IterableIterator<Resource> {
    return this.#resources.values();
  }

  /** The version of the whole set. */
  get version(): string {
    return this.#digest.toString();
  }

  /**
   * All changes are one step: a name that one fragment gives up and another takes is an update, never a removal.
   * `generation` is newer than every earlier one: who has read up to that would miss the changes.
   */
  apply(generation: number, changes: readonly FragmentChange[]): void {
    if (generation <= this.log.head) {
      throw new RangeError(`Cannot take in generation ${generation}: the view is at ${this.log.head}`);
    }
    this.#sizeBefore = this.#resources.size;
    const given = new Set<string>();
    for (const { id, previous } of changes) {
      if (!previous) continue;
      for (const name of this.#renderer.names(previous)) {
        if (this.#resources.get(name)?.sessionId === id) given.add(name);
      }
      this.#routeTable?.remove(previous);
    }
    for (const { next } of changes) {
      if (!next) continue;
      for (const resource of this.#renderer.render(next)) {
        given.delete(resource.name);
        if (this.#put(resource)) this.log.append({ generation, name: resource.name, resource });
      }
      this.#routeTable?.add(next);
    }
    for (const name of given) this.#remove(generation, name);
    if (this.#routeTable) {
      const table = this.#routeTable.resource();
      if (this.#put(table)) this.log.append({ generation, name: table.name, resource: table });
    }
    this.log.advance(generation);
  }

  /** What belongs to no session takes the place of what there was of it. */
  updateShared(generation: number, previous: SharedResources, next: SharedResources): void {
    const given = new Set(this.#renderer.shared(previous).map(({ name }) => name));
    const shared = this.#renderer.shared(next);
    for (const resource of shared) {
      given.delete(resource.name);
      if (this.#put(resource)) this.log.append({ generation, name: resource.name, resource });
    }
    for (const name of given) this.#remove(generation, name);
    this.#wildcard = this.#wildcardOf(shared);
    this.log.advance(generation);
  }

  #wildcardOf(shared: readonly Resource[]): "all" | readonly string[] {
    if (!allowsWildcard(this.typeUrl)) return [];
    return this.#onDemand && ON_DEMAND.has(this.typeUrl) ? shared.map(({ name }) => name) : "all";
  }

  #remove(generation: number, name: string): void {
    const removed = this.#resources.get(name);
    if (!removed) return;
    this.#resources.delete(name);
    this.#digest.remove(removed.version);
    const standIn = this.#renderer.standIn?.(name);
    this.log.append(standIn ? { generation, name, resource: standIn } : { generation, name, removed });
  }

  /** Whether that changed anything. */
  #put(resource: Resource): boolean {
    const current = this.#resources.get(resource.name);
    if (current?.version === resource.version && current.sessionId === resource.sessionId) return false;
    if (current) this.#digest.remove(current.version);
    this.#digest.add(resource.version);
    this.#resources.set(resource.name, resource);
    return true;
  }
}
