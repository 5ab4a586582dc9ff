import { z } from "zod";
import type { Timers } from "../timers.ts";
import { collectionsOf } from "./collections.ts";
import type { KubernetesClient } from "./kubernetes_client.ts";
import { Reflector } from "./reflector.ts";
import { Reflectors } from "./reflectors.ts";

export interface SecretSetOptions {
  readonly client: Pick<KubernetesClient, "request" | "watch">;
  /** At least one. */
  readonly namespaces: readonly string[];
  /** A label selector; absent: all Secrets of the namespaces. */
  readonly selector?: string;
  readonly timers: Timers;
  readonly nowMs: () => number;
}

export interface ObjectName {
  readonly namespace: string;
  readonly name: string;
}

interface Secret extends ObjectName {
  readonly data: Readonly<Record<string, string>>;
}

const schema = z.object({
  metadata: z.object({ namespace: z.string(), name: z.string() }),
  data: z.record(z.string(), z.string()).nullish(),
});

/** The Secrets of some namespaces, followed as they change. Nothing else of the cluster is ever in it. */
export class SecretSet {
  readonly namespaces: readonly string[];
  readonly #reflectors: Reflectors;
  readonly #names = new Map<string, ObjectName>();
  readonly #found = new Map<string, { readonly uid: string; readonly data: Secret["data"] }>();
  readonly #listeners = new Set<(changed: readonly ObjectName[]) => void>();

  constructor(options: SecretSetOptions) {
    this.namespaces = options.namespaces;
    this.#reflectors = new Reflectors(
      collectionsOf({ api: "/api/v1", resource: "secrets" }, options).map((collection) =>
        new Reflector<Secret>({
          ...options,
          collection,
          parse: parseSecret,
          onChange: (changes) => this.#takeIn(changes),
        })
      ),
    );
  }

  /** Resolves when every Secret that there is is known. */
  synced(): Promise<void> {
    return this.#reflectors.synced();
  }

  /** What keeps Secrets from being followed now, for people. */
  get problems(): readonly string[] {
    return this.#reflectors.problems;
  }

  /** The values by key, in base64; `undefined` where there is no such Secret. */
  data({ namespace, name }: ObjectName): Readonly<Record<string, string>> | undefined {
    return this.#found.get(`${namespace}/${name}`)?.data;
  }

  /** `listener` is told which Secrets came, went or changed, once they have. */
  listen(listener: (changed: readonly ObjectName[]) => void): void {
    this.#listeners.add(listener);
  }

  close(): Promise<void> {
    return this.#reflectors.close();
  }

  #takeIn(changes: ReadonlyMap<string, Secret | undefined>): void {
    const changed: ObjectName[] = [];
    for (const [uid, secret] of changes) {
      const name = secret ?? this.#names.get(uid);
      if (name === undefined) continue;
      changed.push(name);
      const place = `${name.namespace}/${name.name}`;
      if (secret) {
        this.#names.set(uid, { namespace: secret.namespace, name: secret.name });
        this.#found.set(place, { uid, data: secret.data });
      } else {
        this.#names.delete(uid);
        // Another may have come under its name before anybody heard that it went.
        if (this.#found.get(place)?.uid === uid) this.#found.delete(place);
      }
    }
    for (const listener of this.#listeners) listener(changed);
  }
}

function parseSecret(object: unknown): Secret | undefined {
  const { success, data: secret } = schema.safeParse(object);
  return success ? { ...secret.metadata, data: secret.data ?? {} } : undefined;
}
