import type { AnyMessage, HttpFilter, Message } from "../../core/plugin/plugin.ts";
import { type Config, type Input, keySource, TOKEN_HEADER } from "./options.ts";

type ApiKeys = Message<"envoy.extensions.filters.http.api_key_auth.v3.ApiKeyAuthPerRoute">;
type Principal = Message<"envoy.config.rbac.v3.Principal">;
type JwtProvider = Message<"envoy.extensions.filters.http.jwt_authn.v3.JwtProvider">;

const JWT_METADATA = "envoy.filters.http.jwt_authn";

/** The names of the filters, by which virtual hosts say what they do for them. */
const namesOf = (plugin: string) => ({
  key: `${plugin}.key`,
  jwt: `${plugin}.jwt`,
  claims: `${plugin}.claims`,
  external: `${plugin}.external`,
});

/** Clusters of services that belong to no session. */
export const jwksCluster = (plugin: string, provider: string): string => `${plugin}:jwks-${provider}`;
export const externalCluster = (plugin: string): string => `${plugin}:external`;

/**
 * The filters of every listener, in their order. None is ever disabled, for what a route says of that is looked at before
 * the filters run, and they may choose another route. The first one refuses every request of which no virtual host says
 * more: a session that lost this plugin's settings on the way is closed, not open.
 */
export function buildFilters(plugin: string, { jwt, external }: Config): readonly HttpFilter[] {
  const names = namesOf(plugin);
  const filters: HttpFilter[] = [{
    name: names.key,
    typedConfig: { "@type": "type.googleapis.com/envoy.extensions.filters.http.api_key_auth.v3.ApiKeyAuth" },
  }];
  const providers = Object.entries(jwt).sort(([a], [b]) => a < b ? -1 : 1);
  if (providers.length > 0) {
    filters.push({
      name: names.jwt,
      typedConfig: {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
        providers: Object.fromEntries(
          providers.map(([name, provider]) => [name, buildProvider(plugin, name, provider)]),
        ),
        requirementMap: Object.fromEntries(providers.map(([name]) => [name, { providerName: name }])),
      },
    }, {
      name: names.claims,
      typedConfig: { "@type": "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC" },
    });
  }
  if (external) {
    filters.push({
      name: names.external,
      typedConfig: {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz",
        grpcService: { envoyGrpc: { clusterName: externalCluster(plugin) }, timeout: external.timeout },
        transportApiVersion: "V3",
        statusOnError: { code: "ServiceUnavailable" },
      },
    });
  }
  return filters;
}

function buildProvider(plugin: string, name: string, provider: Config["jwt"][string]): JwtProvider {
  const { issuer, audiences, jwks, jwksFile } = provider;
  return {
    issuer,
    audiences,
    requireExpiration: true,
    fromHeaders: [{ name: TOKEN_HEADER, valuePrefix: "Bearer " }],
    payloadInMetadata: name,
    ...(jwks && {
      remoteJwks: {
        httpUri: { uri: jwks.url, cluster: jwksCluster(plugin, name), timeout: jwks.timeout },
        asyncFetch: {},
      },
    }),
    ...(jwksFile && { localJwks: { inlineString: jwksFile.reveal() } }),
  };
}

/** What the filters do for one session, as its virtual hosts say it. */
export function buildChecks(
  plugin: string,
  { external }: Config,
  input: Input,
  id: string,
): Record<string, AnyMessage> {
  const names = namesOf(plugin);
  const { key, jwt } = input;
  return {
    [names.key]: {
      "@type": "type.googleapis.com/envoy.extensions.filters.http.api_key_auth.v3.ApiKeyAuthPerRoute",
      ...(key ? buildKeys(key) : ANYBODY),
    },
    ...(jwt && {
      [names.jwt]: {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig",
        requirementName: jwt.provider,
      },
      [names.claims]: {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBACPerRoute",
        rbac: { rules: { action: "ALLOW", policies: { claims: buildPolicy(jwt) } } },
      },
    }),
    ...(external && {
      [names.external]: {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute",
        ...(external.always || input.external
          ? { checkSettings: { contextExtensions: { ...input.external, session: id } } }
          : { disabled: true }),
      },
    }),
  };
}

/** Every request has a scheme. */
const ANYBODY: ApiKeys = {
  keySources: [{ header: ":scheme" }],
  credentials: ["http", "https"].map((key) => ({ key, client: "anybody" })),
};

function buildKeys({ values, ...place }: NonNullable<Input["key"]>): ApiKeys {
  // Envoy would refuse one that is there twice.
  const keys = new Set(values.map((value) => value.reveal()));
  return {
    keySources: [keySource(place)],
    credentials: Array.from(keys, (key) => ({ key, client: "session" })),
    forwarding: { hideCredentials: true },
  };
}

function buildPolicy({ provider, claims }: NonNullable<Input["jwt"]>) {
  const principals = Object.entries(claims).map(([claim, exact]): Principal => {
    const stringMatch = { exact };
    const is = (value: Message<"envoy.type.matcher.v3.ValueMatcher">): Principal => ({
      sourcedMetadata: {
        metadataMatcher: { filter: JWT_METADATA, path: [{ key: provider }, { key: claim }], value },
      },
    });
    return { orIds: { ids: [is({ stringMatch }), is({ listMatch: { oneOf: { stringMatch } } })] } };
  });
  return {
    permissions: [{ any: true }],
    principals: [principals.length > 0 ? { andIds: { ids: principals } } : { any: true }],
  };
}
