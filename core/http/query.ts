/** The query of a request. Without `new URL()`, which throws where the host that the client named is none. */
export function queryOf({ url }: { readonly url: string }): URLSearchParams {
  const at = url.indexOf("?");
  return new URLSearchParams(at === -1 ? "" : url.slice(at));
}

/** The values of a query by their names; a list where `lists` has the name or where there are several. */
export function queryValues(query: URLSearchParams, lists: readonly string[] = []): Readonly<Record<string, unknown>> {
  return Object.fromEntries([...new Set(query.keys())].map((name) => {
    const values = query.getAll(name);
    return [name, lists.includes(name) || values.length > 1 ? values : values[0]];
  }));
}

/** What a text of a query says that is a list, as a message of its schema. */
export const ONCE = "must be given once";
