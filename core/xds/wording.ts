import type { Resource } from "../cache/resource.ts";
import { SCOPED_ROUTE, type TypeUrl } from "../cache/resource_type.ts";
import { concatBytes, fieldVarint } from "../proto/wire.ts";

/** `on_demand` of a `ScopedRouteConfiguration`: means nothing where the routes are in the scope itself. */
const ON_DEMAND = fieldVarint(4, 1);

const otherForms = new WeakMap<Resource, Resource>();

/** The same scope in other bytes; of that again, the first. */
function reword(scope: Resource): Resource {
  const known = otherForms.get(scope);
  if (known) return known;
  const other = { ...scope, body: concatBytes([scope.body, ON_DEMAND]) };
  otherForms.set(scope, other);
  otherForms.set(other, scope);
  return other;
}

/**
 * In which bytes one client is sent resources. When Envoy 1.40 rejects a response, it has noted the scopes that came before
 * the culprit, but routes by none of them; sent once more in the same bytes, they are taken for no change and never come
 * into effect (`addOrUpdateScopes()` in its `scoped_rds.cc`). So they are sent in others.
 */
export class Wording {
  /** Scopes of rejected responses, in the form in which they were sent last. */
  readonly #rejected = new Map<string, Resource>();
  readonly #matters: boolean;

  constructor(typeUrl: TypeUrl) {
    this.#matters = typeUrl === SCOPED_ROUTE;
  }

  /** The form in which it is to be sent now. */
  of(resource: Resource): Resource {
    const earlier = this.#rejected.get(resource.name);
    return earlier?.version === resource.version ? reword(earlier) : resource;
  }

  rejected(resources: readonly Resource[]): void {
    if (this.#matters) { for (const resource of resources) this.#rejected.set(resource.name, resource); }
  }

  /** The client has another state of it, or has forgotten it. */
  accepted(name: string): void {
    this.#rejected.delete(name);
  }
}
