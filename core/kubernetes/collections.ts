import type { Collection } from "./reflector.ts";

/** Where objects are looked for. */
export interface CollectionScope {
  readonly namespaces: readonly string[] | "all";
  /** A label selector; absent: all. */
  readonly selector?: string | undefined;
}

/** What is to be listed for the objects of one resource, as `api` "/api/v1" and `resource` "pods". */
export function collectionsOf(
  { api, resource }: { readonly api: string; readonly resource: string },
  { namespaces, selector }: CollectionScope,
): readonly Collection[] {
  const selected = selector === undefined ? {} : { labelSelector: selector };
  if (namespaces === "all") return [{ path: `${api}/${resource}`, ...selected, title: resource }];
  return namespaces.map((namespace) => ({
    path: `${api}/namespaces/${namespace}/${resource}`,
    ...selected,
    title: `${resource} in namespace ${namespace}`,
  }));
}
