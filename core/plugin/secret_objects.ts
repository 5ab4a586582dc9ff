import { Buffer } from "node:buffer";
import type { SecretReference } from "./plugin.ts";
import type { SessionReads } from "./session_reads.ts";
import { type ReadText, WatchedSecret } from "./watched_secret.ts";

export type KubernetesSecretReference = Extract<SecretReference, { readonly kubernetesSecret: unknown }>;

interface ObjectName {
  readonly namespace: string;
  readonly name: string;
}

/** Secrets of a Kubernetes, as far as somebody may read them. */
export interface SecretObjects {
  /** Where they are. What names no namespace is in the first. */
  readonly namespaces: readonly string[];
  /** The values by key, in base64; `undefined` where there is no such Secret. */
  data(name: ObjectName): Readonly<Record<string, string>> | undefined;
  /** `listener` is told which came, went or changed, once they have. */
  listen(listener: (changed: readonly ObjectName[]) => void): void;
}

export interface SecretKeysOptions {
  readonly objects: SecretObjects;
  readonly reads: SessionReads;
  /** Has sessions built again that a key's new text concerns. */
  readonly invalidate: (sessions: readonly string[] | "all") => void;
  /** Whether a text that is in use is given out after its Secret has gone, which may be because it was closed. */
  readonly keepsText: boolean;
}

/** Keys of Kubernetes Secrets. Those in use are read again when they change. */
export class SecretKeys {
  readonly #options: SecretKeysOptions;
  /** By key, those of each object. */
  readonly #inUse = new Map<string, Map<string, WatchedSecret>>();

  constructor(options: SecretKeysOptions) {
    this.#options = options;
    options.objects.listen((changed) => {
      for (const { namespace, name } of changed) {
        for (const secret of this.#inUse.get(`${namespace}/${name}`)?.values() ?? []) secret.readAgain();
      }
    });
  }

  /** The text of a key that the session at hand uses. Throws `Error` where it cannot be read. */
  readForSession(reference: KubernetesSecretReference): string {
    const secret = this.#secret(reference);
    try {
      return secret.text();
    } finally {
      // Of one that is not there too: the session is tried again when it comes.
      this.#options.reads.note(secret);
    }
  }

  /** A key that a plugin uses until the end: all sessions are built again when it changes. Throws as `readForSession()`. */
  openForPlugin(reference: KubernetesSecretReference): { text(): string } {
    const secret = this.#secret(reference);
    secret.text();
    secret.retainForAll();
    return secret;
  }

  /** Throws `Error` where that is none of those that there are. */
  namespaceOf({ kubernetesSecret: { namespace: wanted } }: KubernetesSecretReference): string {
    const { namespaces } = this.#options.objects;
    const found = wanted === undefined ? namespaces[0] : namespaces.find((namespace) => namespace === wanted);
    if (found === undefined) throw new Error(`must be a Secret in namespace ${namespaces.join(" or ")}`);
    return found;
  }

  #secret(reference: KubernetesSecretReference): WatchedSecret {
    const { objects, invalidate, keepsText } = this.#options;
    const { name, key } = reference.kubernetesSecret;
    const namespace = this.namespaceOf(reference);
    const object = `${namespace}/${name}`;
    const known = this.#inUse.get(object)?.get(key);
    if (known !== undefined) return known;
    const secret: WatchedSecret = new WatchedSecret({
      readText: () => readKey(objects.data({ namespace, name }), key, object),
      keepsText,
      watch: () => {
        this.#put(object, key, secret);
        secret.readAgain();
      },
      forget: () => {
        const keys = this.#inUse.get(object);
        keys?.delete(key);
        if (keys?.size === 0) this.#inUse.delete(object);
      },
      changed: invalidate,
    });
    this.#put(object, key, secret);
    return secret;
  }

  #put(object: string, key: string, secret: WatchedSecret): void {
    const keys = this.#inUse.get(object) ?? new Map<string, WatchedSecret>();
    this.#inUse.set(object, keys.set(key, secret));
  }
}

function readKey(data: Readonly<Record<string, string>> | undefined, key: string, object: string): ReadText {
  const failed = (state: string): ReadText => ({
    ok: false,
    problem: `cannot read key "${key}" of Secret "${object}": ${state}`,
  });
  if (data === undefined) return failed("there is no such Secret");
  const value = Object.hasOwn(data, key) ? data[key] : undefined;
  if (value === undefined) return failed("it has no such key");
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(value, "base64"));
    // As of a file: whoever makes a Secret of one has its newline too.
    return { ok: true, text: text.replace(/\r?\n$/, "") };
  } catch {
    return failed("it is not UTF-8");
  }
}
