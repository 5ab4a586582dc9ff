import { messageToJson } from "../proto/codec.ts";
import type { JsonValue, Message, MessageName } from "../proto/message_types.ts";
import type { HookName } from "../plugin/hooks.ts";
import { CLUSTER, LB_ENDPOINT, ROUTE, SECRET, VIRTUAL_HOST } from "./check_messages.ts";
import type { Failure } from "./failure.ts";
import type { Trace } from "./pipeline.ts";
import type { Change } from "./run_hooks.ts";

/** What a plugin's hook changed, as Envoy's JSON. */
export interface ExplainedStep {
  readonly plugin: string;
  readonly hook: HookName;
  readonly before: readonly JsonValue[];
  readonly after: readonly JsonValue[];
}

export interface ExplainedFailure {
  readonly plugin?: string;
  readonly hook?: string;
  readonly path: string;
  readonly message: string;
}

/** How a session came to its resources, for people; keys are hidden. */
export interface Explanation {
  readonly steps: readonly ExplainedStep[];
  /** Why there is nothing of it, or why it does without some plugins. */
  readonly failures: readonly ExplainedFailure[];
  /** What came of it, by kind; absent where nothing did. */
  readonly resources?: {
    readonly clusters: readonly JsonValue[];
    readonly secrets: readonly JsonValue[];
    readonly virtualHosts: readonly JsonValue[];
  };
}

const TYPES: Readonly<Partial<Record<HookName, MessageName>>> = {
  endpoint: LB_ENDPOINT,
  cluster: CLUSTER,
  secret: SECRET,
  route: ROUTE,
  virtualHost: VIRTUAL_HOST,
};

export function explainTrace({ result, changes, messages }: Trace): Explanation {
  return {
    steps: changes.map(explainChange),
    failures: (result.ok ? result.skipped ?? [] : result.failures).map(explainFailure),
    ...(messages && {
      resources: {
        clusters: messages.clusters.map((cluster) => toEnvoyJson(CLUSTER, cluster)),
        secrets: messages.secrets.map((secret) => toEnvoyJson(SECRET, secret)),
        virtualHosts: messages.virtualHosts.map((host) => toEnvoyJson(VIRTUAL_HOST, host)),
      },
    }),
  };
}

function explainChange({ plugin, hook, before, after }: Change): ExplainedStep {
  const type = TYPES[hook];
  const show = (subject: object): JsonValue => {
    // A session is JSON as it is.
    if (type === undefined) return subject as JsonValue;
    // The hook is of this type; whether what it gave back is, may not have been checked yet.
    return toEnvoyJson(type, subject as Message<typeof type>);
  };
  return { plugin, hook, before: before.map(show), after: after.map(show) };
}

function explainFailure({ cause: _, ...failure }: Failure): ExplainedFailure {
  return failure;
}

/** A message as in Envoy's configuration files, without private keys and the like. */
export function toEnvoyJson<Type extends MessageName>(type: Type, message: Message<Type>): JsonValue {
  try {
    return messageToJson(type, message, { fieldNames: "snake", redact: true });
  } catch (thrown) {
    return `(${thrown instanceof Error ? thrown.message : String(thrown)})`;
  }
}
