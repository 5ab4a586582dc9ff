import assert from "node:assert/strict";
import { z } from "zod";
import { ResourceCache } from "../../core/cache/resource_cache.ts";
import { TYPE_LABELS, TYPE_URLS, type TypeUrl } from "../../core/cache/resource_type.ts";
import { configSchema } from "../../core/config/config_schema.ts";
import { createPipeline } from "../../core/pipeline/pipeline.ts";
import { buildShared, type ListenerSource } from "../../core/pipeline/shared.ts";
import { checkMessage } from "../../core/proto/check.ts";
import { decodeMessage, messageToJson } from "../../core/proto/codec.ts";
import type { MessageName } from "../../core/proto/message_types.ts";
import { parseSession } from "../../core/session/parse_session.ts";
import { hookSets } from "./hook_sets.ts";

/** The parts of the configuration that make resources, and what is registered. PEM texts stand where files would. */
const inputSchema = z.strictObject({
  about: z.string(),
  ...configSchema.pick({ domain: true, delivery: true, listeners: true }).shape,
  hooks: z.array(z.string()).default([]),
  sessions: z.array(z.unknown()),
});

/** What a case comes to. */
export interface Output {
  /** By session: nothing of it is in the resources. */
  readonly failures: Readonly<Record<string, readonly unknown[]>>;
  /** By type: the version of the whole, which changes with any byte. */
  readonly versions: Readonly<Record<string, string>>;
  /** By type and name: Envoy's JSON. */
  readonly resources: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Everything that every client could see of these sessions, in every form; it is valid, or this throws. */
export function runCase(input: unknown): Output {
  const { domain, delivery, listeners, hooks, sessions } = inputSchema.parse(input);
  const chosen = hooks.map((plugin) => ({ plugin, hooks: hookSets[plugin] ?? assert.fail(`no hooks "${plugin}"`) }));
  // An absent tls is no undefined one.
  const sources: ListenerSource[] = listeners.map(({ tls, ...source }) => tls ? { ...source, tls } : source);
  const cache = new ResourceCache(buildShared({ layout: delivery.routes, listeners: sources, hookSets: chosen }));
  const pipeline = createPipeline({ hookSets: chosen });

  const failures: Record<string, readonly unknown[]> = {};
  for (const [index, registration] of sessions.entries()) {
    const parsed = parseSession(registration, { domain });
    if (!parsed.ok) assert.fail(`sessions[${index}]: ${JSON.stringify(parsed.issues)}`);
    const { id } = parsed.session;
    const built = pipeline.build(parsed.session);
    if (built.ok) cache.apply(index + 1, [{ id, fragment: built.fragment }]);
    else failures[id] = built.failures.map(({ cause: _, ...failure }) => failure);
  }
  return {
    failures,
    versions: Object.fromEntries(TYPE_URLS.map((typeUrl) => [TYPE_LABELS[typeUrl], cache.view(typeUrl).version])),
    resources: Object.fromEntries(
      TYPE_URLS.map((typeUrl) => [TYPE_LABELS[typeUrl], readView(cache, typeUrl)] as const)
        .filter(([, view]) => Object.keys(view).length > 0),
    ),
  };
}

function readView(cache: ResourceCache, typeUrl: TypeUrl): Readonly<Record<string, unknown>> {
  // Every type URL ends in the name of a message type.
  const type = typeUrl.slice(typeUrl.indexOf("/") + 1) as MessageName;
  const resources = [...cache.view(typeUrl).resources()].sort((a, b) => a.name < b.name ? -1 : 1);
  return Object.fromEntries(resources.map(({ name, body }) => {
    const message = decodeMessage(type, body);
    assert.deepEqual(checkMessage(type, message), [], `${type} ${name}`);
    return [name, messageToJson(type, message, { fieldNames: "snake" })];
  }));
}
