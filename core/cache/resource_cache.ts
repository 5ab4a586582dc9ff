import type { Issue } from "../signalbox_error.ts";
import type { Dialect } from "./dialect.ts";
import type { Fragment, SharedResources } from "./fragment.ts";
import { inV2 } from "./in_v2.ts";
import { formOf } from "./rendered.ts";
import type { TypeUrl } from "./resource_type.ts";
import { type FragmentChange, ResourceView } from "./resource_view.ts";
import type { ViewSource } from "./view_source.ts";

/** A session that clients of a dialect are told nothing of, because it cannot be said there as it is meant. */
export interface Omission {
  readonly sessionId: string;
  readonly dialect: Dialect;
  /** What it is that cannot be said, by path as in `clusters[0].transportSocket`. */
  readonly issues: readonly Issue[];
}

/**
 * All resources of the sessions of one group, in each dialect. Types that nobody has subscribed to are not built: their
 * view is made, from the fragments, when it is first asked for.
 */
export class ResourceCache implements ViewSource {
  readonly #fragments = new Map<string, Fragment>();
  readonly #views: Readonly<Record<Dialect, Map<TypeUrl, ResourceView>>> = {
    "envoy": new Map(),
    "envoy-rest": new Map(),
    "envoy-v2": new Map(),
    "grpc": new Map(),
  };
  #shared: SharedResources;
  readonly #onDemand: boolean;
  #omissions: Omission[] = [];
  #generation = 0;

  /** `onDemand`: over delta, sessions' clusters and virtual hosts are for those who ask for them by name; default false. */
  constructor(shared: SharedResources, { onDemand = false }: { readonly onDemand?: boolean } = {}) {
    this.#shared = shared;
    this.#onDemand = onDemand;
  }

  /** The number of the last change. */
  get generation(): number {
    return this.#generation;
  }

  /** How many sessions there are. */
  get size(): number {
    return this.#fragments.size;
  }

  fragment(sessionId: string): Fragment | undefined {
    return this.#fragments.get(sessionId);
  }

  /** At most one change a session; `fragment: undefined` takes it out. `generation` is newer than the last. */
  apply(
    generation: number,
    changes: readonly { readonly id: string; readonly fragment: Fragment | undefined }[],
  ): void {
    this.#generation = generation;
    const steps: FragmentChange[] = changes.map(({ id, fragment }) => {
      const previous = this.#fragments.get(id);
      if (fragment) this.#fragments.set(id, fragment);
      else this.#fragments.delete(id);
      return { id, previous, next: fragment };
    });
    if (this.#views["envoy-v2"].size > 0) this.#noteOmissions(steps.map(({ next }) => next));
    for (const views of Object.values(this.#views)) {
      for (const view of views.values()) view.apply(generation, steps);
    }
  }

  /** What belongs to no session takes the place of what there was of it, as one step. `generation` never falls. */
  updateShared(generation: number, shared: SharedResources): void {
    this.#generation = generation;
    for (const views of Object.values(this.#views)) {
      for (const view of views.values()) view.updateShared(generation, this.#shared, shared);
    }
    this.#shared = shared;
  }

  /** As Envoy sees it. */
  view(typeUrl: TypeUrl): ResourceView {
    return this.#view("envoy", typeUrl);
  }

  /** As clients of this dialect see it. */
  in(dialect: Dialect): ViewSource {
    return { view: (typeUrl) => this.#view(formOf(dialect, typeUrl), typeUrl) };
  }

  /** The sessions that were left out since this was last asked, for clients of dialects that somebody has asked for. */
  takeOmissions(): readonly Omission[] {
    const omissions = this.#omissions;
    this.#omissions = [];
    return omissions;
  }

  #noteOmissions(fragments: Iterable<Fragment | undefined>): void {
    for (const fragment of fragments) {
      if (!fragment) continue;
      const said = inV2(fragment);
      const { sessionId } = fragment;
      if (!said.ok) this.#omissions.push({ sessionId, dialect: "envoy-v2", issues: said.issues });
    }
  }

  #view(dialect: Dialect, typeUrl: TypeUrl): ResourceView {
    const existing = this.#views[dialect].get(typeUrl);
    if (existing) return existing;
    if (dialect === "envoy-v2" && this.#views[dialect].size === 0) this.#noteOmissions(this.#fragments.values());
    const view = new ResourceView(typeUrl, {
      dialect,
      onDemand: this.#onDemand,
      generation: this.#generation,
      shared: this.#shared,
      fragments: this.#fragments.values(),
    });
    this.#views[dialect].set(typeUrl, view);
    return view;
  }
}
