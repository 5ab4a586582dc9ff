import type { TypeUrl } from "../cache/resource_type.ts";
import type { ViewSource } from "../cache/view_source.ts";
import { UNLIMITED } from "./order.ts";
import { type SotwPayload, SotwSubscription } from "./sotw_subscription.ts";

/** What a client that asks once is told: all of the type, or what there is of the names that it asks for. */
export function fetchResources(views: ViewSource, typeUrl: TypeUrl, names: readonly string[]): SotwPayload {
  const subscription = new SotwSubscription(views.view(typeUrl));
  subscription.want(names, "");
  const next = subscription.next(UNLIMITED);
  subscription.backlog.close();
  return next?.payload ?? { resources: [], version: "" };
}
