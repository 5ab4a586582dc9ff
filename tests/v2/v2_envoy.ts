import assert from "node:assert/strict";
import { checkV2Json } from "./v2_descriptors.ts";

/** Resources in v2's JSON, as far as routing goes. */
export interface V2Cluster {
  readonly name: string;
  readonly http2ProtocolOptions?: unknown;
  readonly loadAssignment: {
    readonly endpoints: readonly {
      readonly lbEndpoints: readonly {
        readonly endpoint: {
          readonly address: { readonly socketAddress: { readonly address: string; readonly portValue: number } };
        };
      }[];
    }[];
  };
}

export interface V2RouteConfiguration {
  readonly name: string;
  readonly virtualHosts?: readonly {
    readonly domains: readonly string[];
    readonly routes: readonly { readonly route: { readonly cluster: string } }[];
  }[];
}

const PREFIX = "type.googleapis.com/envoy.api.v2.";

/**
 * Plays an Envoy of the v2 API, which is not to be had for this machine any more: it polls as that one did, and takes nothing
 * but what the descriptors of that API have. What such an Envoy would refuse for other reasons, it does not know.
 */
export class V2Envoy {
  readonly #baseUrl: string;
  readonly #id: string;
  readonly #versions = new Map<string, string>();
  #clusters = new Map<string, V2Cluster>();
  #routes: V2RouteConfiguration | undefined;

  constructor(baseUrl: string, id = "old-envoy") {
    this.#baseUrl = baseUrl;
    this.#id = id;
  }

  get clusters(): readonly V2Cluster[] {
    return [...this.#clusters.values()];
  }

  get routes(): V2RouteConfiguration | undefined {
    return this.#routes;
  }

  /** Polls for clusters, then for routes. Returns the statuses of the answers. */
  async poll(): Promise<readonly number[]> {
    const clusters = await this.#ask("clusters", "Cluster", []);
    // A cluster that is not there any more is gone.
    if (clusters) this.#clusters = new Map(clusters.map((json) => [(json as V2Cluster).name, json as V2Cluster]));
    const routes = await this.#ask("routes", "RouteConfiguration", ["local_routes"]);
    if (routes) {
      const [table] = routes as readonly V2RouteConfiguration[];
      assert.equal(table?.name, "local_routes", "Envoy refuses routes of another name");
      this.#routes = table;
    }
    return [clusters ? 200 : 304, routes ? 200 : 304];
  }

  /** Where a call to this authority goes: `address:port`. Fails where it leads to no cluster, and is absent for 404. */
  route(authority: string): string | undefined {
    const host = authority.toLowerCase();
    const hosts = this.#routes?.virtualHosts ?? [];
    const has = (domains: readonly string[]) =>
      domains.includes(host) ||
      domains.some((domain) => domain.endsWith("*") && host.startsWith(domain.slice(0, -1)));
    const found = hosts.find(({ domains }) => has(domains));
    if (!found) return undefined;
    const cluster = this.#clusters.get(found.routes[0]?.route.cluster ?? "");
    assert.ok(cluster, `there is no cluster for ${authority}`);
    assert.ok(cluster.http2ProtocolOptions, "gRPC needs HTTP/2");
    const { address, portValue } =
      cluster.loadAssignment.endpoints[0]?.lbEndpoints[0]?.endpoint.address.socketAddress ??
        assert.fail("there is no endpoint");
    return `${address}:${portValue}`;
  }

  async #ask(word: string, type: string, names: readonly string[]): Promise<readonly unknown[] | undefined> {
    const response = await fetch(`${this.#baseUrl}/v2/discovery:${word}`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-envoy-expected-rq-timeout-ms": "100" },
      body: JSON.stringify({
        version_info: this.#versions.get(word) ?? "",
        node: { id: this.#id, cluster: "edge", build_version: "0/1.12.0/Clean/RELEASE/BoringSSL" },
        resource_names: names,
        type_url: `${PREFIX}${type}`,
      }),
    });
    if (response.status === 304) return undefined;
    assert.equal(response.status, 200, await response.clone().text());
    const { versionInfo, resources, typeUrl } = await response.json();
    assert.equal(typeUrl, `${PREFIX}${type}`);
    const taken = (resources as readonly Record<string, unknown>[]).map(({ "@type": url, ...json }) => {
      assert.equal(url, `${PREFIX}${type}`);
      assert.deepEqual(checkV2Json(`envoy.api.v2.${type}`, json), []);
      return json;
    });
    this.#versions.set(word, versionInfo);
    return taken;
  }
}
