import type { ResourceView } from "./resource_view.ts";
import type { TypeUrl } from "./resource_type.ts";

/** What one kind of client sees: its resources by type. A view is built when it is first asked for. */
export interface ViewSource {
  view(typeUrl: TypeUrl): ResourceView;
}
