import { type Document, isMap, isNode, isPair, isScalar, type LineCounter } from "yaml";

/** Keys and indexes from the document's root. */
export type Location = readonly (string | number)[];

/** `listeners[0].tls.cert`; empty for the root. */
export function formatLocation(location: Location): string {
  return location.reduce<string>((path, part) => {
    if (typeof part === "number") return `${path}[${part}]`;
    return path === "" ? part : `${path}.${part}`;
  }, "");
}

/** The line (from 1) where `location` is written; for what is missing, the line of the nearest thing around it. */
export function lineOf(document: Document, lines: LineCounter, location: Location): number | undefined {
  for (let depth = location.length; depth > 0; depth--) {
    const offset = offsetOf(document, location.slice(0, depth));
    if (offset !== undefined) return lines.linePos(offset).line;
  }
  return undefined;
}

/** A key's offset rather than its value's: a nested mapping's value begins on a later line. */
function offsetOf(document: Document, location: Location): number | undefined {
  const parent = location.length === 1 ? document.contents : document.getIn(location.slice(0, -1), true);
  const last = location.at(-1);
  if (isMap(parent)) {
    const pair = parent.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === last);
    return isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
  }
  const node = document.getIn(location, true);
  return isNode(node) ? node.range?.[0] : undefined;
}
