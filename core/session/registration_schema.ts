import { z } from "zod";
import { DURATION_FORMAT, parseDuration } from "../duration.ts";
import { canonicalAddress } from "./address.ts";
import type { Canonical } from "./canonical.ts";
import { canonicalHost } from "./host.ts";
import { quote } from "./quote.ts";

export const MAX_BACKENDS = 64;
const MAX_ALIASES = 64;
const MAX_GROUPS = 64;
const MAX_ENTRIES = 64;
const MAX_WEIGHT = 1_000_000;
const MIN_TTL_MS = 1_000;
const MAX_TTL_MS = 30 * 86_400_000;

const DNS_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const PLUGIN_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
/** Kubernetes, "Labels and Selectors: Syntax and character set". */
const LABEL_KEY =
  /^(?:(?=[^/]{1,253}\/)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*\/)?[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/;

type Raw = { readonly input?: unknown };

const got = (rule: string) => ({ input }: Raw) => input === undefined ? "is required" : `${rule}, got ${quote(input)}`;

const wholeNumber = (min: number, max: number) => {
  const error = got(`must be a whole number from ${min} to ${max}`);
  return z.int({ error }).min(min, { error }).max(max, { error });
};

function canonicalText(parse: (text: string) => Canonical) {
  return (text: string, context: z.RefinementCtx<string>): string => {
    const result = parse(text);
    if (result.ok) return result.text;
    context.addIssue(result.message);
    return z.NEVER;
  };
}

export const sessionId = z.string()
  .regex(DNS_LABEL, { error: got("must be a DNS label: 1 to 63 of a-z, 0-9 and inner hyphens") })
  .meta({ description: "A DNS label.", examples: ["session-123"] });

const host = z.string()
  .meta({ description: "A DNS name without a port, compared in lower case.", examples: ["session-123.example.org"] })
  .transform(canonicalText(canonicalHost));

const address = z.string()
  .meta({ description: "An IPv4 or IPv6 address, no name and no brackets.", examples: ["10.0.0.1", "2001:db8::1"] })
  .transform(canonicalText(canonicalAddress));

const port = wholeNumber(1, 65_535);

const backend = z.strictObject({
  address,
  port,
  weight: wholeNumber(1, MAX_WEIGHT).default(1).describe("Relative share among the session's backends."),
});

const objectName = (what: string) => z.string().regex(DNS_LABEL, { error: got(`must be the name of a ${what}`) });

const service = z.strictObject({
  namespace: objectName("namespace").exactOptional()
    .describe("One of kubernetes.endpoints in the config; absent: the only one there."),
  name: objectName("Service"),
  port: port.describe("The Service's own, not that of its endpoints."),
}).describe("A Service of the cluster: the session leads to its endpoints that are ready.");

const labels = z.record(
  z.string().regex(LABEL_KEY, {
    error: "must have a key of 1 to 63 letters, digits, '-', '_' and '.', after an optional DNS name and '/'",
  }),
  z.string().regex(LABEL_VALUE, {
    error: got("must be at most 63 letters, digits, '-', '_' and '.', and begin and end with a letter or digit"),
  }),
);

const plugins = z.record(
  z.string().regex(PLUGIN_NAME, { error: "must have a plugin's name for a key" }),
  z.record(z.string(), z.unknown()),
);

const ttl = z.string()
  .meta({ description: `How long it lives without renewal: ${DURATION_FORMAT}, 1s to 30d.`, examples: ["30s"] })
  .transform((text, context): number => {
    const ms = parseDuration(text);
    if (ms !== undefined && ms >= MIN_TTL_MS && ms <= MAX_TTL_MS) return ms;
    const rule = ms === undefined ? `must be ${DURATION_FORMAT}` : "must be from 1s to 30d";
    context.addIssue(`${rule}, got ${quote(text)}`);
    return z.NEVER;
  });

const atMost = (max: number, what: string) => ({
  error: ({ input }: Raw) => `must have at most ${max} ${what}, got ${Object.keys(Object(input)).length}`,
});

const hasAtMost = (max: number) => (record: object) => Object.keys(record).length <= max;

/**
 * A registration as a caller writes it, of whichever source. `parseSession()` checks what concerns several fields, such
 * as which of `address`, `port`, `backends` and `service` go together, and that what plugins are told is plain JSON.
 */
export const registrationSchema = z.strictObject({
  id: sessionId,
  address: address.exactOptional(),
  port: port.exactOptional(),
  backends: z.array(backend).min(1, "must have at least one backend").max(
    MAX_BACKENDS,
    atMost(MAX_BACKENDS, "backends"),
  )
    .exactOptional(),
  service: service.exactOptional(),
  host: host.exactOptional(),
  aliases: z.array(host).max(MAX_ALIASES, atMost(MAX_ALIASES, "hosts")).exactOptional()
    .describe("More hosts that lead to the session."),
  groups: z.array(z.string().regex(DNS_LABEL, { error: got("must be the name of a group of Envoys") }))
    .min(1, "must have at least one group, or be left out").max(MAX_GROUPS, atMost(MAX_GROUPS, "groups"))
    .exactOptional()
    .describe("The groups of Envoys that get the session; absent: all."),
  labels: labels.refine(hasAtMost(MAX_ENTRIES), atMost(MAX_ENTRIES, "labels")).exactOptional()
    .describe("Keys and values as Kubernetes has them."),
  plugins: plugins.refine(hasAtMost(MAX_ENTRIES), atMost(MAX_ENTRIES, "plugins"))
    .exactOptional()
    .describe("What the session says to plugins, by their names."),
  ttl: ttl.exactOptional(),
}).meta({
  description: "Either address and port, or backends, or a service.",
  oneOf: [{ required: ["address", "port"] }, { required: ["backends"] }, { required: ["service"] }],
});

/** What `registrationSchema` makes of an input: canonical texts, `ttl` in milliseconds. */
export type Registration = z.output<typeof registrationSchema>;
