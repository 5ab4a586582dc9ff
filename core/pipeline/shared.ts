import type { SharedResources, WholePart } from "../cache/fragment.ts";
import type { HookSet } from "../plugin/hooks.ts";
import { encodeMessage } from "../proto/codec.ts";
import { type Issue, SignalboxError } from "../signalbox_error.ts";
import { checkAll, SECRET } from "./check_messages.ts";
import { HookFailure } from "./failure.ts";
import { buildListener, type ListenerInput, type RoutesLayout, secretNameOf } from "./listener.ts";
import { runHooks } from "./run_hooks.ts";

const LISTENER = "envoy.config.listener.v3.Listener";

/** A listener with its certificate and private key as PEM text. */
export interface ListenerSource extends Omit<ListenerInput, "tls"> {
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** Listeners and their certificates. Throws `invalid_config` when Envoy would not take them. */
export function buildShared(options: {
  readonly layout: RoutesLayout;
  readonly listeners: readonly ListenerSource[];
  readonly hookSets: readonly HookSet[];
}): SharedResources {
  const built = options.listeners.map((source) =>
    buildListener({ ...source, tls: source.tls !== undefined }, options.layout)
  );
  const steps = options.hookSets.flatMap(({ plugin, hooks }) =>
    hooks.listener ? [{ plugin, hook: hooks.listener }] : []
  );
  const listeners = runShared(() => runHooks({ name: "listener", steps }, built));
  const issues = [...checkAll(LISTENER, "listeners", listeners), ...checkNames(listeners)];
  if (issues.length > 0) throw new SignalboxError("invalid_config", "Cannot build the listeners", { issues });
  return {
    listeners: listeners.map((listener) => ({ name: listener.name ?? "", body: encodeMessage(LISTENER, listener) })),
    clusters: [],
    secrets: options.listeners.flatMap(buildSecret),
  };
}

/** One listener would silently take the other's place. */
function checkNames(listeners: readonly { readonly name?: string | undefined }[]): readonly Issue[] {
  const seen = new Set<string>();
  return listeners.flatMap(({ name = "" }, index) => {
    const path = `listeners[${index}].name`;
    if (name === "") return [{ path, message: "is required" }];
    if (seen.has(name)) return [{ path, message: `there are two listeners "${name}"` }];
    seen.add(name);
    return [];
  });
}

function runShared<Result>(run: () => Result): Result {
  try {
    return run();
  } catch (thrown) {
    if (!(thrown instanceof HookFailure)) throw thrown;
    const issues = thrown.failures.map(({ path, message }) => ({ path, message }));
    throw new SignalboxError("invalid_config", thrown.message, { issues, cause: thrown });
  }
}

function buildSecret({ name, tls }: ListenerSource): WholePart[] {
  if (!tls) return [];
  const secret = {
    name: secretNameOf(name),
    tlsCertificate: { certificateChain: { inlineString: tls.cert }, privateKey: { inlineString: tls.key } },
  };
  return [{ name: secret.name, body: encodeMessage(SECRET, secret) }];
}
