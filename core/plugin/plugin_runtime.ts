import { getLogger } from "@logtape/logtape";
import { checkedSecret } from "./checked_secret.ts";
import { withHttpFilter } from "./http_filter.ts";
import type { PluginHost, PluginLog, Schemas, SecretReference } from "./plugin.ts";
import { RevealedSecrets } from "./redact.ts";
import { createSchemas } from "./schemas.ts";
import { SecretFiles } from "./secret_files.ts";
import { SecretKeys, type SecretObjects } from "./secret_objects.ts";
import { SecretReader, type SessionSecrets } from "./secret_reader.ts";
import { SecretText } from "./secret_text.ts";
import { SessionReads } from "./session_reads.ts";
import { shortStack } from "./short_stack.ts";
import { ValueCache } from "./value_cache.ts";

export interface PluginRuntimeOptions {
  /** Has sessions built again. */
  readonly invalidate: (sessions: readonly string[] | "all") => void;
  readonly sessionSecrets?: SessionSecrets;
  /** The Secrets of a Kubernetes that plugins' configs, and that sessions may refer to; absent: none. */
  readonly clusterSecrets?: { readonly plugins?: SecretObjects; readonly sessions?: SecretObjects } | undefined;
  /**
   * What secrets are instead of being read: those of a Kubernetes, where none is asked; of sessions as well, for samples, whose
   * secrets exist nowhere; or all.
   */
  readonly sampleSecrets?: { readonly of: "cluster" | "sessions" | "all"; readonly text: string };
}

/** Where a plugin is, as far as its runtime has to know. */
export interface PluginPlace {
  readonly name: string;
  /** Where relative paths in its config begin. */
  readonly baseDir: string;
}

/** What all plugins of one Signalbox share, from their start to its end. */
export class PluginRuntime implements Disposable {
  readonly reads = new SessionReads();
  readonly revealed = new RevealedSecrets();
  readonly #options: PluginRuntimeOptions;
  readonly #abort = new AbortController();
  readonly #files: SecretFiles;
  readonly #secrets: SecretReader;

  constructor(options: PluginRuntimeOptions) {
    const { invalidate, sessionSecrets = {}, clusterSecrets: { plugins, sessions } = {} } = options;
    const keysOf = (objects: SecretObjects | undefined, { keepsText }: { readonly keepsText: boolean }) =>
      objects && new SecretKeys({ objects, reads: this.reads, invalidate, keepsText });
    this.#options = options;
    this.#files = new SecretFiles({ reads: this.reads, invalidate });
    this.#secrets = new SecretReader({
      files: this.#files,
      revealed: this.revealed,
      sessionSecrets,
      pluginKeys: keysOf(plugins, { keepsText: true }),
      sessionKeys: keysOf(sessions, { keepsText: false }),
    });
  }

  /** Aborted when the plugins are to end what they do. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  configSchemas({ baseDir }: PluginPlace): Schemas {
    return createSchemas((reference, check) =>
      this.#sample("plugin", reference) ?? checkedSecret(this.#secrets.readForPlugin(reference, baseDir), check)
    );
  }

  sessionSchemas(): Schemas {
    return createSchemas((reference, check) =>
      this.#sample("session", reference) ?? checkedSecret(this.#secrets.readForSession(reference), check)
    );
  }

  host({ name, baseDir }: PluginPlace): PluginHost {
    const { reads, signal } = this;
    const { invalidate } = this.#options;
    const log = this.#log(name);
    return {
      name,
      log,
      signal,
      invalidate,
      cache: (options) => new ValueCache(options, { log, signal, reads, invalidate }),
      secret: (reference) => this.#sample("plugin", reference) ?? this.#secrets.readForPlugin(reference, baseDir),
      withHttpFilter,
    };
  }

  [Symbol.dispose](): void {
    this.#abort.abort(new DOMException("Signalbox stops", "AbortError"));
    this.#files[Symbol.dispose]();
  }

  #sample(who: "plugin" | "session", reference: SecretReference): SecretText | undefined {
    const { sampleSecrets } = this.#options;
    if (sampleSecrets === undefined) return undefined;
    const { of, text } = sampleSecrets;
    if (of === "cluster" || (of === "sessions" && who === "plugin")) {
      if (!("kubernetesSecret" in reference)) return undefined;
      this.#secrets.checkPlace(who, reference);
    }
    return new SecretText(() => text);
  }

  #log(plugin: string): PluginLog {
    const log = getLogger(["signalbox", "plugins", plugin]);
    const say = (level: keyof PluginLog): PluginLog[keyof PluginLog] => (message, fields = {}) => {
      const { redact } = this.revealed;
      const shown = Object.entries(fields).map(([name, value]) => [name, shortStack(value)]);
      log[level](redact(message), { plugin, ...redact(Object.fromEntries(shown)) });
    };
    return { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") };
  }
}
