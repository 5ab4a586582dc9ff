import { ROUTE } from "../cache/resource_type.ts";
import type { ResourceView } from "../cache/resource_view.ts";

/**
 * Up to which generation a type may be sent now. Most types go as far as the order allows. The route configuration with
 * all sessions in it changes with every generation, so that under constant change the order would never let it go: it
 * goes, whole, once what it waited for when it first had to wait has been acknowledged.
 */
export class SendWindow {
  readonly #view: ResourceView;
  #waitsFor: number | undefined;

  constructor(view: ResourceView) {
    this.#view = view;
  }

  /** -1 when nothing may be sent. */
  until(limit: number, position: number): number {
    const { head } = this.#view.log;
    if (this.#view.typeUrl !== ROUTE) return Math.min(limit, head);
    this.#waitsFor ??= Math.max(head, position);
    if (limit < this.#waitsFor) return -1;
    this.#waitsFor = undefined;
    return head;
  }
}
