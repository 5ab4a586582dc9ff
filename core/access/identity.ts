/**
 * Who a client has proven to be: the names in its certificate as `uri:spiffe://example.org/edge`,
 * `dns:edge-1.example.org` and `cn:edge-1`, its token as `token:edge`. Empty where nothing had to be proven.
 */
export type Identity = readonly string[];

/** Whether one of the names is among the patterns, of which one that ends with `*` stands for all that begin so. */
export function isNamed(identity: Identity, patterns: readonly string[]): boolean {
  return identity.some((name) =>
    patterns.some((pattern) => pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern)
  );
}
