import ipaddr from "ipaddr.js";
import { type Canonical, canonical, refused } from "./canonical.ts";
import { quote } from "./quote.ts";

const MAX_HOST = 253;
const NOT_ASCII = /[^\0-\x7f]/;
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** The common case in one look: labels joined by dots, the last not a number. */
const HOST = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*(?=[a-z0-9-]*[a-z-])[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * A host that a client may send in `:authority`: lower case, without port and trailing dot. A last label of digits alone is
 * refused, for clients take such a host for an IPv4 address (WHATWG URL, "ends in a number").
 */
export function canonicalHost(text: string): Canonical {
  // Before the lower case: that of the Kelvin sign is a k.
  if (NOT_ASCII.test(text)) {
    return refused(`must be a DNS name in ASCII (write it in its xn-- form), got ${quote(text)}`);
  }
  const lower = text.toLowerCase();
  const host = lower.endsWith(".") ? lower.slice(0, -1) : lower;
  if (host.length <= MAX_HOST && HOST.test(host)) return canonical(host);
  return refused(`must ${reason(host)}, got ${quote(text)}`);
}

function reason(host: string): string {
  if (host === "") return "be a DNS name such as a.example.org";
  if (ipaddr.isValid(host.replace(/^\[|\]$/g, ""))) return "be a DNS name, not an IP address";
  if (host.includes("*")) return "be one DNS name, without a wildcard";
  if (/:\d*$/.test(host)) return "be a DNS name without a port";
  if (host.length > MAX_HOST) return `be at most ${MAX_HOST} characters long`;
  if (host.split(".").every((label) => LABEL.test(label))) return "not end in a number";
  return "be a DNS name: labels of 1 to 63 letters, digits and inner hyphens, joined by dots";
}
