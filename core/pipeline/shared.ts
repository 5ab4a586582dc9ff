import type { SharedResources, WholePart } from "../cache/fragment.ts";
import type { HookSet } from "../plugin/hook_set.ts";
import type { Extras, ListenerMessage, SecretMessage } from "../plugin/hooks.ts";
import { encodeMessage } from "../proto/codec.ts";
import type { Message } from "../proto/message_types.ts";
import { type Issue, SignalboxError } from "../signalbox_error.ts";
import { checkAll, CLUSTER, orElse, SECRET } from "./check_messages.ts";
import { type Failure, HookFailure } from "./failure.ts";
import { createHookTable, type HookTable } from "./hook_table.ts";
import { buildListener, type Layout, type ListenerInput, secretNameOf } from "./listener.ts";
import { runAddingHooks, runHooks, settleBy } from "./run_hooks.ts";

const LISTENER = "envoy.config.listener.v3.Listener";

/** A listener with its certificate and private key as PEM text. */
export interface ListenerSource extends Omit<ListenerInput, "tls"> {
  readonly tls?: { readonly cert: string; readonly key: string };
}

export interface SharedOptions {
  readonly layout: Layout;
  readonly listeners: readonly ListenerSource[];
  readonly hookSets: readonly HookSet[];
  /** Told why a plugin that may be skipped has no part in what is shared. */
  readonly onSkipped?: (failures: readonly Failure[]) => void;
}

/**
 * What belongs to no session: listeners, their certificates, and what plugins add. Throws `invalid_config` when Envoy would
 * not take it, or a plugin fails that may not be skipped: nothing may be served without it.
 */
export function buildShared(options: SharedOptions): SharedResources {
  const { hookSets, onSkipped } = options;
  try {
    return buildOnce(options, createHookTable(hookSets));
  } catch (thrown) {
    if (!(thrown instanceof HookFailure)) throw thrown;
    if (hookSets.some(({ plugin, onError }) => plugin === thrown.plugin && onError === "skip")) {
      onSkipped?.(thrown.failures);
      return buildShared({ ...options, hookSets: hookSets.filter(({ plugin }) => plugin !== thrown.plugin) });
    }
    const issues = thrown.failures.map(({ path, message }) => ({ path, message }));
    throw new SignalboxError("invalid_config", thrown.message, { issues, cause: thrown });
  }
}

function buildOnce({ layout, listeners: sources }: SharedOptions, { points }: HookTable): SharedResources {
  const defaults = sources.map((source) => buildListener({ ...source, tls: source.tls !== undefined }, layout));
  const issues = checkListeners(defaults);
  if (issues.length > 0) throw new SignalboxError("invalid_config", "Cannot build the listeners", { issues });
  const listeners = runHooks({
    name: "listener",
    steps: points.listener,
    call: ({ run }, listener) => run(listener),
    settle: settleBy(checkListeners),
  }, defaults);
  const extras = points.extras.flatMap((step) =>
    runAddingHooks<Extras, () => unknown>({
      name: "extras",
      steps: [step],
      call: ({ run }) => run(),
      settle: settleBy((given) => given.flatMap((extras) => checkExtras(step.plugin, extras))),
    })
  );
  return {
    listeners: listeners.map((listener) => encodeNamed(LISTENER, listener)),
    clusters: extras.flatMap(({ clusters = [] }) => clusters).map((cluster) => encodeNamed(CLUSTER, cluster)),
    secrets: [...sources.flatMap(buildSecret), ...extras.flatMap(({ secrets = [] }) => secrets)]
      .map((secret) => encodeNamed(SECRET, secret)),
  };
}

type Named = typeof LISTENER | typeof CLUSTER | typeof SECRET;

function encodeNamed<Type extends Named>(type: Type, message: Message<Type>): WholePart {
  return { name: message.name ?? "", body: encodeMessage(type, message) };
}

function checkListeners(listeners: readonly ListenerMessage[]): readonly Issue[] {
  return orElse(checkAll(LISTENER, "listeners", listeners), () => checkNames(listeners));
}

/** Neither ids nor hosts have a colon: what is named so is no session's. */
function checkExtras(plugin: string, { clusters = [], secrets = [], ...rest }: Extras): readonly Issue[] {
  const prefix = `${plugin}:`;
  const named = (place: string, resources: readonly { readonly name?: string | undefined }[]) => {
    const seen = new Set<string>();
    return resources.flatMap(({ name = "" }, index) => {
      const path = `${place}[${index}].name`;
      if (!name.startsWith(prefix)) return [{ path, message: `must begin with "${prefix}", is "${name}"` }];
      if (seen.has(name)) return [{ path, message: `"${name}" is there twice` }];
      seen.add(name);
      return [];
    });
  };
  return [
    ...Object.keys(rest).map((path) => ({ path, message: "must be clusters or secrets" })),
    ...orElse(checkAll(CLUSTER, "clusters", clusters), () => named("clusters", clusters)),
    ...orElse(checkAll(SECRET, "secrets", secrets), () => named("secrets", secrets)),
  ];
}

/** One listener would silently take the other's place. */
function checkNames(listeners: readonly ListenerMessage[]): readonly Issue[] {
  const seen = new Set<string>();
  return listeners.flatMap(({ name = "" }, index) => {
    const path = `listeners[${index}].name`;
    if (name === "") return [{ path, message: "is required" }];
    if (seen.has(name)) return [{ path, message: `there are two listeners "${name}"` }];
    seen.add(name);
    return [];
  });
}

function buildSecret({ name, tls }: ListenerSource): SecretMessage[] {
  if (!tls) return [];
  return [{
    name: secretNameOf(name),
    tlsCertificate: { certificateChain: { inlineString: tls.cert }, privateKey: { inlineString: tls.key } },
  }];
}
