import type { Collection } from "./reflector.ts";

/** Where objects are looked for. */
export interface CollectionScope {
  readonly namespaces: readonly string[] | "all";
  /** A label selector. */
  readonly selector: string;
}

/** What is to be listed for the objects of one resource, as `api` "/api/v1" and `resource` "pods". */
export function collectionsOf(
  { api, resource }: { readonly api: string; readonly resource: string },
  { namespaces, selector }: CollectionScope,
): readonly Collection[] {
  if (namespaces === "all") return [{ path: `${api}/${resource}`, labelSelector: selector, title: resource }];
  return namespaces.map((namespace) => ({
    path: `${api}/namespaces/${namespace}/${resource}`,
    labelSelector: selector,
    title: `${resource} in namespace ${namespace}`,
  }));
}
