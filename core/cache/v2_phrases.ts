import { typeUrlOf } from "../proto/any.ts";
import type { Message } from "../proto/message_types.ts";
import type { MessageChanges } from "../proto/transform.ts";

type Cluster = Message<"envoy.config.cluster.v3.Cluster">;

const HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
const HTTP_OPTIONS_URL = typeUrlOf(HTTP_OPTIONS);

/** What v2 says in another way. What it cannot say stays as it is. */
export const V2_PHRASES: MessageChanges = {
  "envoy.config.cluster.v3.Cluster": ({ typedExtensionProtocolOptions: extensions, ...cluster }) => {
    if (extensions === undefined) return cluster;
    const { [HTTP_OPTIONS]: options, ...others } = extensions;
    const http = options?.["@type"] === HTTP_OPTIONS_URL && !("value" in options) ? httpOf(options) : undefined;
    if (http && Object.keys(others).length === 0) return { ...cluster, ...http };
    return { ...cluster, typedExtensionProtocolOptions: extensions };
  },
  "envoy.config.core.v3.HeaderValueOption": ({ appendAction = "APPEND_IF_EXISTS_OR_ADD", ...option }) => {
    switch (appendAction) {
      case "APPEND_IF_EXISTS_OR_ADD":
        return { append: { value: true }, ...option };
      case "OVERWRITE_IF_EXISTS_OR_ADD":
        return { ...option, append: { value: false } };
      default:
        return { ...option, appendAction };
    }
  },
  "envoy.config.route.v3.HeaderMatcher": ({ stringMatch, ...matcher }) => {
    const { exact, prefix, suffix, safeRegex, ignoreCase, ...others } = stringMatch ?? {};
    if (ignoreCase || Object.keys(others).length > 0) return { ...matcher, stringMatch };
    return { exactMatch: exact, prefixMatch: prefix, suffixMatch: suffix, safeRegexMatch: safeRegex, ...matcher };
  },
  "envoy.config.route.v3.WeightedCluster": (weighted) => {
    const total = (weighted.clusters ?? []).reduce((sum, { weight }) => sum + (weight?.value ?? 0), 0);
    // Where nothing is said, v2 takes it that the weights add up to 100.
    return { ...weighted, totalWeight: { value: total } };
  },
  "envoy.type.matcher.v3.RegexMatcher": (matcher) => ({ ...matcher, googleRe2: {} }),
};

/** What of a cluster says the same in v2; nothing where more is asked for than v2 has. */
function httpOf(options: Message<typeof HTTP_OPTIONS>): Cluster | undefined {
  const { explicitHttpConfig = {}, commonHttpProtocolOptions } = options;
  const { httpProtocolOptions: http1 = {}, http2ProtocolOptions, http3ProtocolOptions } = explicitHttpConfig;
  const known = new Set(["@type", "explicitHttpConfig", "commonHttpProtocolOptions"]);
  // HTTP/1.1 with nothing further is what v2 has where nothing is said.
  if (Object.keys(http1).length > 0 || http3ProtocolOptions) return undefined;
  if (Object.keys(options).some((name) => !known.has(name))) return undefined;
  return { commonHttpProtocolOptions, http2ProtocolOptions };
}
