import type { Change, ChangeLog } from "../../cache/change_log.ts";
import type { ResourceView } from "../../cache/resource_view.ts";
import type { TypeUrl } from "../../cache/resource_type.ts";
import type { ViewSource } from "../../cache/view_source.ts";

/** Views that count what is read of them: a look-up of a name, a resource or a change that is gone through, each as one. */
export class CountedViews implements ViewSource {
  reads = 0;
  readonly #views: ViewSource;
  readonly #counted = new Map<TypeUrl, ResourceView>();

  constructor(views: ViewSource) {
    this.#views = views;
  }

  view(typeUrl: TypeUrl): ResourceView {
    const known = this.#counted.get(typeUrl);
    if (known) return known;
    const view = this.#views.view(typeUrl);
    const log = this.#counting(view.log, {
      since: (position: number, limit?: number): readonly Change[] => this.#count(view.log.since(position, limit)),
    });
    const counted = this.#counting(view, { log, resources: () => this.#count([...view.resources()]).values() });
    this.#counted.set(typeUrl, counted);
    return counted;
  }

  #count<Items extends readonly unknown[]>(items: Items): Items {
    this.reads += items.length;
    return items;
  }

  /** The target with these members instead of its own; a call of any other method is one read. */
  #counting<Target extends ResourceView | ChangeLog>(target: Target, members: Partial<Record<keyof Target, unknown>>) {
    return new Proxy(target, {
      get: (_, key) => {
        const own = members[key as keyof Target];
        if (own !== undefined) return own;
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          this.reads++;
          return value.apply(target, args);
        };
      },
    });
  }
}
