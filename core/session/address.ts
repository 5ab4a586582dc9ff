import ipaddr from "ipaddr.js";
import { type Canonical, canonical, refused } from "./canonical.ts";
import { quote } from "./quote.ts";

/**
 * An address that a backend can have: IPv4 in four parts, or IPv6 as RFC 5952 writes it. Refused with the reason: names,
 * brackets, ports, zones, and addresses that nobody can be called at.
 */
export function canonicalAddress(text: string): Canonical {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return fromIpv4(ipaddr.IPv4.parse(text));
  // A zone is a name of the machine that wrote it.
  if (text.includes("%")) return refused(`must have no zone, got ${quote(text)}`);
  if (ipaddr.IPv6.isValid(text)) return fromIpv6(ipaddr.IPv6.parse(text));
  return refused(`must be ${form(text)}, got ${quote(text)}`);
}

function fromIpv4(address: ipaddr.IPv4): Canonical {
  const text = address.toString();
  return unreachable(address.range(), text) ?? canonical(text);
}

function fromIpv6(address: ipaddr.IPv6): Canonical {
  if (address.isIPv4MappedAddress()) {
    return refused(`must be written as the IPv4 address that it stands for, ${address.toIPv4Address().toString()}`);
  }
  const text = address.toRFC5952String();
  return unreachable(address.range(), text) ?? canonical(text);
}

function unreachable(range: string, text: string): Canonical | undefined {
  if (range === "unspecified" || range === "multicast" || range === "broadcast") {
    return refused(`must be the address of one machine, got the ${range} address ${quote(text)}`);
  }
  return undefined;
}

const AN_ADDRESS = "an IP address such as 10.0.0.1 or 2001:db8::1";

function form(text: string): string {
  if (text.startsWith("[")) return `${AN_ADDRESS}, without brackets`;
  if (/^\d+(\.\d+){3}:\d+$/.test(text)) return `${AN_ADDRESS}, with its port in "port"`;
  if (/^\d+(\.\d+){3}$/.test(text)) return "an IPv4 address: four numbers from 0 to 255 without leading zeros";
  return `${AN_ADDRESS}, not a name`;
}
