import { z } from "zod";
import type { Identity } from "../access/identity.ts";
import { SignalboxError } from "../signalbox_error.ts";
import type { ClientNode } from "./client_node.ts";

/** What matters of a `DiscoveryRequest` in JSON. */
export interface PollBody {
  readonly node: ClientNode;
  /** Empty where it is left out: Envoys of old say it by the path alone. */
  readonly typeUrl: string;
  readonly names: readonly string[];
  readonly version: string;
  /** The client's words when it rejects the last answer; absent otherwise. */
  readonly error?: string;
}

const text = z.string().default("");

/** Both spellings of proto3 JSON; null is absence. What is not known is left alone: it differs by release. */
const message = <Shape extends z.ZodRawShape>(shape: Shape) => z.preprocess(snakeCase, z.object(shape));

const locality = message({ region: text, zone: text, sub_zone: text });

const node = message({
  id: z.string().min(1, "must not be empty"),
  cluster: text,
  metadata: z.record(z.string(), z.json()).default({}),
  locality: locality.prefault({}),
  user_agent_name: text,
});

const request = message({
  node,
  type_url: text,
  resource_names: z.array(z.string()).default([]),
  version_info: text,
  error_detail: message({ message: text }).optional(),
});

/** Reads the body of a poll of a client that has proven to be `identities`. Throws `invalid_request`. */
export function parsePollBody(json: unknown, identities: Identity = []): PollBody {
  const parsed = request.safeParse(json, { error: ({ input }) => input === undefined ? "is required" : undefined });
  if (!parsed.success) {
    const issues = parsed.error.issues.map(({ path, message }) => ({ path: formatPath(path), message }));
    throw new SignalboxError("invalid_request", "Cannot read the poll: it is no DiscoveryRequest", { issues });
  }
  const { node: { id, cluster, metadata, locality, user_agent_name: userAgent }, ...rest } = parsed.data;
  const { region, zone, sub_zone: subZone } = locality;
  const body = {
    node: { id, cluster, metadata, region, zone, subZone, userAgent, identities },
    typeUrl: rest.type_url,
    names: rest.resource_names,
    version: rest.version_info,
  };
  return rest.error_detail ? { ...body, error: rest.error_detail.message } : body;
}

/** As in `node.locality.region` and `resource_names[0]`. */
function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    return text === "" ? String(key) : `${text}.${String(key)}`;
  }, "");
}

function snakeCase(json: unknown): unknown {
  if (typeof json !== "object" || json === null || Array.isArray(json)) return json;
  return Object.fromEntries(
    Object.entries(json).filter(([, value]) => value !== null).map(([name, value]) => [
      name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      value,
    ]),
  );
}
