import type { SharedResources } from "../cache/fragment.ts";
import { ResourceCache } from "../cache/resource_cache.ts";
import { TYPE_LABELS, TYPE_URLS, type TypeUrl } from "../cache/resource_type.ts";
import type { Failure } from "../pipeline/failure.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { decodeMessage, messageToJson } from "../proto/codec.ts";
import type { JsonValue, MessageName } from "../proto/message_types.ts";
import type { Session } from "../session/session.ts";

/** What becomes of sessions, as Envoy's JSON. */
export interface Translation {
  /** By session: why nothing of it is in the resources. */
  readonly failures: Readonly<Record<string, readonly Omit<Failure, "cause">[]>>;
  /** By type: the version of the whole, which changes with any byte. */
  readonly versions: Readonly<Record<string, string>>;
  /** By type and name. */
  readonly resources: Readonly<Record<string, Readonly<Record<string, JsonValue>>>>;
}

export interface TranslateOptions {
  readonly shared: SharedResources;
  readonly pipeline: Pipeline;
  readonly sessions: readonly Session[];
  /** Default: all that clients can ask for, though one client asks for a few of them. */
  readonly types?: readonly TypeUrl[];
  /** Puts `[redacted]` in place of private keys and the like. */
  readonly redact?: boolean;
}

/** Everything that clients could see of these sessions. */
export function translate(options: TranslateOptions): Translation {
  const { shared, pipeline, sessions, types = TYPE_URLS, redact = false } = options;
  const cache = new ResourceCache(shared);
  const failures: Record<string, readonly Omit<Failure, "cause">[]> = {};
  const changes = sessions.flatMap((session) => {
    const built = pipeline.build(session);
    if (built.ok) return [{ id: session.id, fragment: built.fragment }];
    failures[session.id] = built.failures.map(({ cause: _, ...failure }) => failure);
    return [];
  });
  cache.apply(1, changes);
  return {
    failures,
    versions: Object.fromEntries(types.map((typeUrl) => [TYPE_LABELS[typeUrl], cache.view(typeUrl).version])),
    resources: Object.fromEntries(
      types.map((typeUrl) => [TYPE_LABELS[typeUrl], readView(cache, typeUrl, redact)] as const)
        .filter(([, view]) => Object.keys(view).length > 0),
    ),
  };
}

function readView(cache: ResourceCache, typeUrl: TypeUrl, redact: boolean): Readonly<Record<string, JsonValue>> {
  // Every type URL ends in the name of a message type.
  const type = typeUrl.slice(typeUrl.indexOf("/") + 1) as MessageName;
  const resources = [...cache.view(typeUrl).resources()].sort((a, b) => a.name < b.name ? -1 : 1);
  return Object.fromEntries(
    resources.map(({ name, body }) => [
      name,
      messageToJson(type, decodeMessage(type, body), { fieldNames: "snake", redact }),
    ]),
  );
}
