import ipaddr from "ipaddr.js";
import type { Issue } from "../signalbox_error.ts";
import type { AccessConfig, Config, HttpConfig } from "./config.ts";

/**
 * What the network could do with these servers, at the path of the address that lets it: none on loopback. A Signalbox
 * with any is started only when it is told to be insecure.
 */
export function findExposures({ http, grpc, xds }: Pick<Config, "http" | "grpc" | "xds">): readonly Issue[] {
  const issues: Issue[] = [];
  for (const [name, server] of [["http", http], ["grpc", grpc]] as const) {
    if (isLoopback(server.address) || isClosed(server) || (name === "grpc" && !grpc.enabled)) continue;
    const could = name === "http" ? "change sessions and read private keys" : "change sessions";
    issues.push({
      path: `${name}.address`,
      message: `${server.address} is not loopback, and anybody there could ${could}: ` +
        `give ${name}.tokens, ${name}.tokensFile or ${name}.tls.clientCa`,
    });
  }
  if (!isLoopback(xds.address)) {
    if (!xds.tls) {
      issues.push({
        path: "xds.address",
        message: `${xds.address} is not loopback, and private keys would go over the network as they are: give xds.tls`,
      });
    }
    if (!isClosed(xds)) {
      issues.push({
        path: "xds.address",
        message: `${xds.address} is not loopback, and anybody there could read sessions and private keys: ` +
          "give xds.tls.clientCa, xds.tokens or xds.tokensFile",
      });
    }
  }
  return issues;
}

/**
 * Whether Envoys may poll there, and get private keys: not where tokens go over the network in cleartext, or whoever reads
 * one could have the keys, too. Envoy itself has no place for a token when it polls.
 */
export function allowsPolling(http: HttpConfig): boolean {
  return http.tls !== undefined || isLoopback(http.address) || !isClosed(http);
}

/** Whether a client must prove who it is. */
export function isClosed({ tls, tokens, tokensFile }: AccessConfig): boolean {
  return tls?.clientCa !== undefined || tokens.length > 0 || tokensFile !== undefined;
}

/** Whether only processes of this machine reach an address. */
export function isLoopback(address: string): boolean {
  return ipaddr.process(address).range() === "loopback";
}
