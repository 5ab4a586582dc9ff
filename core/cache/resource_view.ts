import { ChangeLog } from "./change_log.ts";
import { Digest } from "./digest.ts";
import type { Fragment, SharedResources } from "./fragment.ts";
import type { Dialect } from "./dialect.ts";
import type { Renderer } from "./render.ts";
import { rendererOf } from "./rendered.ts";
import type { Resource } from "./resource.ts";
import { ROUTE, type TypeUrl } from "./resource_type.ts";
import { RouteTable } from "./route_table.ts";

/** One session's resources taking the place of others; without `next` the session is gone. */
export interface FragmentChange {
  readonly id: string;
  readonly previous: Fragment | undefined;
  readonly next: Fragment | undefined;
}

/** All resources of one type as they are now, and what changed. */
export class ResourceView {
  readonly typeUrl: TypeUrl;
  readonly log: ChangeLog;
  readonly #renderer: Renderer;
  readonly #resources = new Map<string, Resource>();
  readonly #digest = new Digest();
  readonly #routeTable: RouteTable | undefined;

  constructor(typeUrl: TypeUrl, options: {
    readonly dialect: Dialect;
    readonly generation: number;
    readonly shared: SharedResources;
    readonly fragments: Iterable<Fragment>;
  }) {
    this.typeUrl = typeUrl;
    this.#renderer = rendererOf(options.dialect, typeUrl);
    this.#routeTable = typeUrl === ROUTE && options.dialect === "envoy" ? new RouteTable() : undefined;
    this.log = new ChangeLog({ head: options.generation });
    for (const resource of this.#renderer.shared(options.shared)) this.#put(resource);
    for (const fragment of options.fragments) {
      for (const resource of this.#renderer.render(fragment)) this.#put(resource);
      this.#routeTable?.add(fragment);
    }
    if (this.#routeTable) this.#put(this.#routeTable.resource());
  }

  get(name: string): Resource | undefined {
    return this.#resources.get(name);
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
    for (const resource of this.#renderer.shared(next)) {
      given.delete(resource.name);
      if (this.#put(resource)) this.log.append({ generation, name: resource.name, resource });
    }
    for (const name of given) this.#remove(generation, name);
    this.log.advance(generation);
  }

  #remove(generation: number, name: string): void {
    const removed = this.#resources.get(name);
    if (!removed) return;
    this.#resources.delete(name);
    this.#digest.remove(removed.version);
    this.log.append({ generation, name, removed });
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
