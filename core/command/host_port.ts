import { isIPv6 } from "node:net";

export interface HostPort {
  /** A DNS name or an IP address, without brackets. */
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
}

const HOST_PORT = /^(?:\[([^\]]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/;

/** `10.0.0.7:50051`, `[2001:db8::1]:80` or `name:80`; throws `RangeError` otherwise. */
export function parseHostPort(text: string): HostPort {
  const match = HOST_PORT.exec(text);
  const host = match?.[1] ?? match?.[2] ?? "";
  const port = Number(match?.[3] ?? 0);
  const bracketed = match?.[1] !== undefined;
  if (match === null || (bracketed && !isIPv6(host))) {
    throw new RangeError(`Cannot parse "${text}": it must be HOST:PORT, an IPv6 address in brackets`);
  }
  if (port < 1 || port > 65535) throw new RangeError(`Cannot parse "${text}": the port must be 1 to 65535`);
  return { host, port };
}

/** The reverse of `parseHostPort()`. */
export function formatHostPort({ host, port }: HostPort): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** "All addresses" is nothing to connect to: of these, the one that is on every machine. */
export function reachable(address: string): string {
  if (address === "0.0.0.0") return "127.0.0.1";
  return address === "::" ? "::1" : address;
}
