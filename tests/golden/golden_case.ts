import assert from "node:assert/strict";
import { z } from "zod";
import { translate, type Translation } from "../../core/author/translate.ts";
import { TYPE_LABELS, TYPE_URLS } from "../../core/cache/resource_type.ts";
import { configSchema } from "../../core/config/config_schema.ts";
import { createPipeline } from "../../core/pipeline/pipeline.ts";
import { buildShared, type ListenerSource } from "../../core/pipeline/shared.ts";
import { checkMessage } from "../../core/proto/check.ts";
import { messageFromJson } from "../../core/proto/codec.ts";
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

/** Everything that every client could see of these sessions, in every form; it is valid, or this throws. */
export function runCase(input: unknown): Translation {
  const { domain, delivery, listeners, hooks, sessions } = inputSchema.parse(input);
  const chosen = hooks.map((plugin) => ({ plugin, hooks: hookSets[plugin] ?? assert.fail(`no hooks "${plugin}"`) }));
  // An absent tls is no undefined one.
  const sources: ListenerSource[] = listeners.map(({ tls, ...source }) => tls ? { ...source, tls } : source);
  const translation = translate({
    shared: buildShared({ layout: delivery, listeners: sources, hookSets: chosen }),
    pipeline: createPipeline({ hookSets: chosen }),
    sessions: sessions.map((registration, index) => {
      const parsed = parseSession(registration, { domain });
      return parsed.ok ? parsed.session : assert.fail(`sessions[${index}]: ${JSON.stringify(parsed.issues)}`);
    }),
  });
  for (const typeUrl of TYPE_URLS) {
    // Every type URL ends in the name of a message type.
    const type = typeUrl.slice(typeUrl.indexOf("/") + 1) as MessageName;
    for (const [name, json] of Object.entries(translation.resources[TYPE_LABELS[typeUrl]] ?? {})) {
      assert.deepEqual(checkMessage(type, messageFromJson(type, json)), [], `${type} ${name}`);
    }
  }
  return translation;
}
