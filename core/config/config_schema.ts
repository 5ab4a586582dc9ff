import { z } from "zod";
import { DURATION_FORMAT, parseDuration } from "../duration.ts";

/** Room for `<id>.` (63 characters and a dot) in the 253 of a host. */
const MAX_DOMAIN_LENGTH = 189;
const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;
const LISTENER_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;

const PLUGIN_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;

const PORT_RANGE = "must be 0 to 65535";
const ADDRESS = "must be an IP address such as 127.0.0.1, 0.0.0.0 or ::1";

const address = z.union([z.ipv4(), z.ipv6()], { error: ADDRESS });
const port = z.int().min(0, PORT_RANGE).max(65535, PORT_RANGE);
const filePath = z.string().min(1, "must be the path of a file");

/** A duration as text, in milliseconds. */
const duration = (minMs: number, range: string) =>
  z.string().transform((text, context): number => {
    const ms = parseDuration(text);
    if (ms !== undefined && ms >= minMs) return ms;
    context.addIssue(ms === undefined ? `must be ${DURATION_FORMAT}` : range);
    return z.NEVER;
  });

const domain = z.string()
  .max(MAX_DOMAIN_LENGTH, `must be at most ${MAX_DOMAIN_LENGTH} characters, so that <id>.<domain> is a host`)
  .regex(DOMAIN, { error: "must be a DNS name such as example.org", abort: true })
  .regex(/(?:^|\.)(?!\d+$)[^.]+$/, "must not end in a number")
  .describe("A session's host is <id>.<domain> where it asks for no other.");

const tls = z.strictObject({
  cert: filePath.describe("PEM file of the certificate and its chain. A new one is taken up without a restart."),
  key: filePath.describe("PEM file of the private key."),
});

const IDENTITY = /^(?:uri|dns|cn|token):./;

const identities = z.array(
  z.string().regex(IDENTITY, "must begin with uri:, dns:, cn: or token:, as in dns:edge-1.example.org"),
);

const TOKEN_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;

const token = z.strictObject({
  name: z.string().regex(TOKEN_NAME, "must be 1 to 63 of letters, digits, dots, hyphens and underscores"),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, "must be 64 hex digits, as `signalbox token new` prints them"),
});

const tokens = z.array(token);

/** What every server has. */
const access = {
  tls: tls.extend({
    clientCa: filePath.exactOptional()
      .describe("PEM file of the authorities that sign clients' certificates. Absent: none is asked for."),
    clientNames: identities.min(1, "must have at least one name, or be left out").exactOptional()
      .describe(
        "Names that a client's certificate must have one of; one that ends with * stands for all that begin so.",
      ),
  }).exactOptional().describe("Without it the server is cleartext."),
  tokens: tokens.default([]).describe("Bearer tokens, as `signalbox token new` prints them."),
  tokensFile: filePath.exactOptional().describe("A file with more of them, in YAML; it is read again when it changes."),
};

const http = z.strictObject({
  address: address.default("127.0.0.1"),
  port: port.default(8080),
  ...access,
  longPoll: duration(0, "").prefault("800ms").describe(
    "How long a poll without news is held, where Envoy does not say how long it waits. It does: then it is 4/5 of that.",
  ),
}).describe("Where the tasks API and REST polling listen. Port 0 takes a free one.");

const xds = z.strictObject({
  address: address.default("127.0.0.1"),
  port: port.default(18000),
  ...access,
  maxConnectionAge: duration(1000, "must be at least 1s").prefault("30m")
    .describe("When an Envoy has to connect anew, give or take a tenth, so that Envoys spread over replicas."),
}).describe("Where Envoys connect for xDS. Port 0 takes a free one.");

const grpc = z.strictObject({
  enabled: z.boolean().default(true),
  address: address.default("127.0.0.1"),
  port: port.default(8081),
  ...access,
}).describe("Where the gRPC API listens, if it does. Port 0 takes a free one.");

const NAMESPACE = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const NAMESPACE_OR_ALL = /^(?:\*|[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)$/;

const sqliteStore = z.strictObject({
  // `optional` makes a missing kind select this member, `default` fills it in.
  kind: z.literal("sqlite").optional().default("sqlite"),
  path: filePath.default(".signalbox/sessions.db").describe("The database's file; its folder is made where missing."),
});

const namespace = z.string().regex(NAMESPACE, "must be the name of a namespace");
const selector = z.string().min(1, "must be a label selector such as app=sandbox");

const memoryStore = z.strictObject({ kind: z.literal("memory") });

const kubernetesStore = z.strictObject({
  kind: z.literal("kubernetes"),
  namespace: namespace.exactOptional()
    .describe("Where the objects are. Absent: Signalbox's own namespace."),
});

const store = z.discriminatedUnion("kind", [sqliteStore, memoryStore, kubernetesStore]).describe(
  "Where registrations are kept. memory forgets them when Signalbox ends; kubernetes is for several replicas.",
);

const delivery = z.strictObject({
  routes: z.enum(["scoped", "rds", "vhds"]).default("scoped")
    .describe("Where listeners take routes from; the cost of a change does not grow with the sessions on scoped only."),
  clusters: z.enum(["push", "on-demand"]).default("push").describe(
    "push: every Envoy holds every session; on-demand: Envoy asks for a session's cluster when it is first called.",
  ),
  maxUnknownNames: z.int().min(1, "must be at least 1").default(10_000).describe(
    "How many names that nobody has are remembered of what one Envoy asks for; of those before, a rough memory stays.",
  ),
  drain: duration(0, "").prefault("5s").describe("How long a cluster stays after its session's routes have left it."),
});

const listener = z.strictObject({
  name: z.string().regex(
    LISTENER_NAME,
    "must be 1 to 63 of letters, digits, dots, hyphens and underscores, and begin and end with a letter or digit",
  ),
  address: address.default("0.0.0.0"),
  port,
  tls: tls.exactOptional().describe("Without it the listener is cleartext: HTTP/1.1 and HTTP/2."),
});

const GROUP_NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

const group = z.strictObject({
  name: z.string().regex(GROUP_NAME, "must be 1 to 63 of a-z, 0-9 and inner hyphens"),
  match: z.strictObject({
    ids: z.array(z.string()).exactOptional().describe("Node ids; one that ends with * stands for all that begin so."),
    clusters: z.array(z.string()).exactOptional().describe("Node clusters, likewise."),
    identities: identities.exactOptional()
      .describe("What the Envoy has proven: a name of its certificate, or its token; likewise."),
    metadata: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).exactOptional()
      .describe("Values at the top level of the node's metadata."),
    locality: z.strictObject({
      region: z.string().exactOptional(),
      zone: z.string().exactOptional(),
      subZone: z.string().exactOptional(),
    }).exactOptional(),
  }).exactOptional().describe("All of this must match; absent: every Envoy."),
  listeners: z.array(z.string()).exactOptional().describe("Names of listeners; absent: all."),
});

export const pluginName = z.string()
  .regex(PLUGIN_NAME, "must be 1 to 63 of letters, digits, dots, hyphens and underscores, and no sign at its ends")
  // Names of what plugins add begin so, and so do those of listeners' certificates.
  .refine((name) => name !== "listener", "is reserved");

const plugin = z.strictObject({
  name: pluginName
    .describe("What the operator and sessions call it. Without a from: one that comes with Signalbox."),
  from: filePath.exactOptional().describe(
    "A file of TypeScript or JavaScript, or a folder with a plugin.ts or plugin.js.",
  ),
  sha256: z.string().regex(/^[0-9a-f]{64}$/i, "must be 64 hex digits").exactOptional()
    .describe("Only this very file is run, as `plugin bundle` makes one."),
  onError: z.enum(["keep-last", "skip", "withdraw"]).default("keep-last").describe(
    "What becomes of a session that the plugin fails on: it stays as it was, does without the plugin, or is not served.",
  ),
  config: z.unknown().exactOptional().describe("The plugin's own; it says what may be here."),
}).refine(({ from, sha256 }) => from !== undefined || sha256 === undefined, {
  path: ["sha256"],
  message: "goes with from: what comes with Signalbox is not pinned",
});

const sessionSecrets = z.strictObject({
  folder: filePath.exactOptional().describe("{ file: PATH } leads to a file below this folder."),
  envPrefix: z.string().min(1, "must not be empty").exactOptional()
    .describe("{ env: NAME } leads to a variable whose name begins so."),
  kubernetes: z.strictObject({
    namespace,
    selector: selector.exactOptional().describe("A label selector. Absent: all Secrets of the namespace."),
  }).exactOptional().describe("{ kubernetesSecret: { name: NAME, key: KEY } } leads to a Secret in this namespace."),
}).describe("Which secrets sessions may refer to in what they say to plugins. Left out: none.");

const namespaces = z.array(z.string().regex(NAMESPACE_OR_ALL, 'must be the name of a namespace, or "*" for all'))
  .min(1, "must have at least one namespace, or be left out")
  .refine((names) => names.length === 1 || !names.includes("*"), { error: 'must have "*" alone' });

const scope = {
  selector: selector.default("signalbox.dev/session")
    .describe("Which are sessions: a label selector."),
  namespaces: namespaces.exactOptional().describe("Where they are. Absent: in Signalbox's own namespace."),
};

const pods = z.strictObject({
  ...scope,
  port: z.int().min(1, "must be 1 to 65535").max(65535, "must be 1 to 65535").exactOptional()
    .describe("Of pods that name none. Absent: the one that their containers declare."),
});

const kubernetes = z.strictObject({
  kubeconfig: filePath.exactOptional()
    .describe("Absent: KUBECONFIG, ~/.kube/config, or the ServiceAccount of Signalbox's own pod."),
  context: z.string().min(1, "must be the name of a context").exactOptional()
    .describe("Of the kubeconfig. Absent: its current one."),
  pods: pods.exactOptional().describe("Pods that are sessions for as long as they are ready. Absent: none."),
  services: z.strictObject(scope).exactOptional()
    .describe("Services that are sessions for as long as they have ready endpoints. Absent: none."),
  endpoints: z.strictObject({
    namespaces: namespaces.describe("Where they are. Where there is one alone, sessions need not name it."),
  }).exactOptional().describe("Services that registered sessions may lead to. Absent: none."),
  secrets: z.strictObject({
    namespaces: z.array(namespace).min(1, "must have at least one namespace")
      .describe("Where they are; a reference without a namespace means the first."),
    selector: selector.exactOptional().describe("Which: a label selector. Absent: all."),
  }).exactOptional().describe("Secrets that plugins' configs may refer to. Absent: none."),
});

const log = z.strictObject({
  level: z.enum(["debug", "info", "warn", "error"]).default("info"),
  format: z.enum(["json", "text"]).default("text"),
});

/** The config file as a user writes it; its output is a `Config` whose paths are not resolved yet. */
export const configSchema = z.strictObject({
  domain,
  http: http.prefault({}),
  xds: xds.prefault({}),
  grpc: grpc.prefault({}),
  store: store.prefault({}),
  delivery: delivery.prefault({}),
  listeners: z.array(listener).default([{ name: "ingress", address: "127.0.0.1", port: 10000 }])
    .describe("What Envoy listens to. Absent: cleartext on 127.0.0.1:10000."),
  groups: z.array(group).min(1, "must have at least one group, or be left out").default([{ name: "default" }])
    .describe("Envoys that have the same sessions; each belongs to the first that matches it. Absent: one for all."),
  plugins: z.array(plugin).default([]).describe("What every session goes through, in this order."),
  sessionSecrets: sessionSecrets.prefault({}),
  kubernetes: kubernetes.exactOptional().describe("The cluster that sessions come from. Absent: none."),
  log: log.prefault({}),
});

/** A file of tokens. */
export const tokensFileSchema = tokens;

/** The config file's JSON Schema (2020-12), for editors: what may be written, not what comes of it. */
export function configJsonSchema(): Readonly<Record<string, unknown>> {
  return z.toJSONSchema(configSchema, { io: "input", target: "draft-2020-12" });
}
