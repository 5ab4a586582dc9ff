import type { SharedResources, WholePart } from "../cache/fragment.ts";
import type { HookSet } from "../plugin/hooks.ts";
import { checkMessage } from "../proto/check.ts";
import { encodeMessage } from "../proto/codec.ts";
import { SignalboxError } from "../signalbox_error.ts";
import { HookFailure } from "./failure.ts";
import { buildListener, type ListenerInput, type RoutesLayout, secretNameOf } from "./listener.ts";
import { runHooks } from "./run_hooks.ts";

const LISTENER = "envoy.config.listener.v3.Listener";
const SECRET = "envoy.extensions.transport_sockets.tls.v3.Secret";

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
  const listeners = runShared(() => runHooks("listener", built, steps));
  const issues = listeners.flatMap((listener, index) =>
    checkMessage(LISTENER, listener).map((issue) => ({ ...issue, path: `listeners[${index}].${issue.path}` }))
  );
  if (issues.length > 0) throw new SignalboxError("invalid_config", "Cannot build the listeners", { issues });
  return {
    listeners: listeners.map((listener) => ({ name: listener.name ?? "", body: encodeMessage(LISTENER, listener) })),
    clusters: [],
    secrets: options.listeners.flatMap(buildSecret),
  };
}

function runShared<Result>(run: () => Result): Result {
  try {
    return run();
  } catch (thrown) {
    if (!(thrown instanceof HookFailure)) throw thrown;
    const { plugin, hook, message } = thrown.failure;
    throw new SignalboxError("invalid_config", `Plugin "${plugin}" failed in "${hook}": ${message}`, { cause: thrown });
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
