import type { OutputOf, Schemas } from "../../core/plugin/plugin.ts";

const BACKEND_NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** RFC 6265 has more; these need no quotes anywhere. */
const COOKIE_NAME = /^[A-Za-z0-9_-]{1,64}$/;

export const session = ({ z, duration }: Schemas) => {
  const weight = () => z.int().min(0).max(1_000_000);
  const backend = z.strictObject({
    address: z.union([z.ipv4(), z.ipv6()], "must be an IP address"),
    port: z.int().min(1).max(65_535),
    weight: weight().default(0).describe("0: no calls, but for copies."),
  });
  return z.strictObject({
    weight: weight().default(100).describe("The share of the session's own pod, beside the weights of the others."),
    backends: z.record(z.string().regex(BACKEND_NAME, "must be a DNS label"), backend).describe("More pods, by name."),
    sticky: z.union([
      z.strictObject({ header: z.string().min(1).describe("Calls with the same value go to the same pod.") }),
      z.strictObject({
        cookie: z.string().regex(COOKIE_NAME, "must be 1 to 64 letters, digits, '-' and '_'")
          .describe("Set by Envoy; calls that bring it go to the pod that answered first."),
        ttl: duration().refine(({ seconds }) => Number(seconds ?? 0) > 0, "must be at least 1s"),
      }),
    ]).exactOptional(),
    mirror: z.strictObject({
      to: z.string().describe("The one of backends that gets copies of calls. Its answers are thrown away."),
      percent: z.number().min(0).max(100).default(100),
    }).exactOptional(),
  }).superRefine(({ backends, weight, mirror }, context) => {
    if (weight + Object.values(backends).reduce((sum, backend) => sum + backend.weight, 0) === 0) {
      context.addIssue({ code: "custom", path: ["weight"], message: "must be more than 0 where all others are 0" });
    }
    if (mirror !== undefined && !Object.hasOwn(backends, mirror.to)) {
      context.addIssue({ code: "custom", path: ["mirror", "to"], message: "must be the name of one of the backends" });
    }
  }).optional();
};

/** What a session says. */
export type Canary = NonNullable<OutputOf<typeof session>>;
