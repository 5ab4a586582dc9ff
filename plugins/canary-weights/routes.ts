import type { Message } from "../../core/plugin/plugin.ts";
import type { Canary } from "./options.ts";

type Route = Message<"envoy.config.route.v3.Route">;
type RouteAction = Message<"envoy.config.route.v3.RouteAction">;

/** One of a session's pods: its cluster, the value that a cookie has for it, and its share. */
interface Pod {
  readonly cluster: string;
  readonly value: string;
  readonly weight: number;
}

/** What becomes of a route to the session's own cluster, `id`. */
export function splitRoute(id: string, route: Route, canary: Canary): readonly Route[] {
  const { cluster: _, ...action } = { ...route.route, ...mirrorTo(id, route.route, canary) };
  const pods = podsOf(id, canary);
  const weighted = pods.map(({ cluster, weight }) => ({ name: cluster, weight: { value: weight } }));
  const { sticky } = canary;
  if (sticky === undefined) return [{ ...route, route: { ...action, weightedClusters: { clusters: weighted } } }];
  if ("header" in sticky) {
    const hashPolicy = [...action.hashPolicy ?? [], { header: { headerName: sticky.header } }];
    const weightedClusters = { clusters: weighted, useHashPolicy: { value: true } };
    return [{ ...route, route: { ...action, hashPolicy, weightedClusters } }];
  }

  // Envoy's own sticky cookies are for the hosts of one cluster: it does not set them where it chooses among clusters.
  const { cookie, ttl } = sticky;
  const bringing = ({ cluster, value }: Pod): Route => ({
    ...route,
    match: {
      ...route.match,
      cookies: [...route.match?.cookies ?? [], { name: cookie, stringMatch: { exact: value } }],
    },
    route: { ...action, cluster },
  });
  const setCookie = (value: string) => [{
    header: { key: "set-cookie", value: `${cookie}=${value}; Max-Age=${ttl.seconds}; Path=/; HttpOnly` },
    appendAction: "APPEND_IF_EXISTS_OR_ADD" as const,
  }];
  const clusters = pods.map(({ value }, index) => ({ ...weighted[index], responseHeadersToAdd: setCookie(value) }));
  return [
    // Whose weight has become 0 lets go of those who were with it.
    ...pods.filter(({ weight }) => weight > 0).map(bringing),
    { ...route, route: { ...action, weightedClusters: { clusters } } },
  ];
}

function podsOf(id: string, { weight, backends }: Canary): readonly Pod[] {
  const others = Object.entries(backends).map(([value, { weight }]) => ({ cluster: `${id}/${value}`, value, weight }));
  // No backend has this name.
  return [{ cluster: id, value: "-", weight }, ...others];
}

function mirrorTo(id: string, action: RouteAction | undefined, { mirror }: Canary): RouteAction {
  if (mirror === undefined) return {};
  const defaultValue = { numerator: Math.round(mirror.percent * 10_000), denominator: "MILLION" as const };
  const policy = { cluster: `${id}/${mirror.to}`, runtimeFraction: { defaultValue } };
  return { requestMirrorPolicies: [...action?.requestMirrorPolicies ?? [], policy] };
}
