import type { ResourceCache } from "../../core/cache/resource_cache.ts";
import { isTypeUrl } from "../../core/cache/resource_type.ts";
import { type DeltaOutput, type DeltaResponse, DeltaStream } from "../../core/xds/delta_stream.ts";
import type { DeltaOptions } from "../../core/xds/delta_subscription.ts";
import { describeResource, longName, serviceOf, shortName } from "./sessions.ts";
import { describeCulprits, type Peer } from "./transcript.ts";

/** What the Envoy knows about one type. */
interface Known {
  /** Name to version of what it has accepted. */
  readonly has: Map<string, string>;
  readonly subscribed: Set<string>;
  last: DeltaResponse | undefined;
  staleNonce: string;
}

/**
 * An Envoy that speaks the delta protocol:
 *
 * - `envoy CDS +a -b +*`: subscribes and unsubscribes; without names the legacy wildcard, if it is the first request.
 * - `… ack …`, `… nack …`: answers the last response, and may change its subscriptions with it.
 * - `… stale …`: carries the nonce of the response before the last.
 * - `… again`: after a reconnect: what it was subscribed to, and the versions that it has.
 * - `… has a b=x`: says that it has a in its present version and b in version x.
 *
 * Answers read `-> CDS a b gone c unknown d`: resources, removed names, names without a body; `empty` is none of them.
 */
export class DeltaPeer implements Peer {
  readonly #types = new Map<string, Known>();
  readonly #options: DeltaOptions;
  #cache: ResourceCache | undefined;
  #stream: DeltaStream | undefined;

  constructor(options: DeltaOptions = {}) {
    this.#options = options;
  }

  connect(cache: ResourceCache): void {
    this.#cache = cache;
    this.#stream = new DeltaStream(cache, this.#options);
    for (const known of this.#types.values()) {
      known.last = undefined;
      known.staleNonce = "";
    }
  }

  close(): void {
    this.#stream?.close();
  }

  advance(): readonly string[] {
    return this.#stream ? this.#hear(this.#stream.advance()) : [];
  }

  say(typeUrl: string, words: readonly string[]): readonly string[] {
    const known = this.#known(typeUrl);
    const verbs = new Set(words);
    const hasAt = words.includes("has") ? words.indexOf("has") : words.length;
    const named = (sign: string) =>
      words.slice(0, hasAt).filter((word) => word.startsWith(sign)).map((word) => longName(typeUrl, word.slice(1)));
    const unsubscribe = named("-");
    const subscribe = named("+");
    const initialVersions = new Map<string, string>();
    for (const word of words.slice(hasAt + 1)) {
      const [short = "", version] = word.split("=");
      const name = longName(typeUrl, short);
      const present = isTypeUrl(typeUrl) ? this.#cache?.view(typeUrl).get(name)?.version : undefined;
      initialVersions.set(name, version ?? present ?? "");
    }
    if (verbs.has("again")) {
      subscribe.push(...known.subscribed);
      for (const [name, version] of known.has) initialVersions.set(name, version);
    }
    for (const name of subscribe) known.subscribed.add(name);
    for (const name of unsubscribe) this.#drop(known, name);
    const answers = verbs.has("ack") || verbs.has("nack") ? known.last : undefined;
    if (answers) known.last = undefined;
    if (answers && verbs.has("ack")) this.#apply(known, answers);
    return this.#hear(
      this.#stream?.receive({
        typeUrl,
        subscribe,
        unsubscribe,
        initialVersions: Object.fromEntries(initialVersions),
        nonce: answers?.nonce ?? (verbs.has("stale") ? known.staleNonce : ""),
        ...(verbs.has("nack") ? { error: "no" } : {}),
      }),
    );
  }

  #drop(known: Known, name: string): void {
    known.subscribed.delete(name);
    known.has.delete(name);
  }

  #apply(known: Known, { nonce, payload }: DeltaResponse): void {
    known.staleNonce = nonce;
    for (const { name, version } of payload.resources) known.has.set(name, version);
    for (const name of payload.removed) known.has.delete(name);
  }

  #hear(output: DeltaOutput | undefined): readonly string[] {
    if (!output) return [];
    const sent = output.responses.map((response) => {
      this.#known(response.typeUrl).last = response;
      return describe(response);
    });
    return [...describeCulprits(output.events), ...sent];
  }

  #known(typeUrl: string): Known {
    const known = this.#types.get(typeUrl) ??
      { has: new Map(), subscribed: new Set(), last: undefined, staleNonce: "" };
    this.#types.set(typeUrl, known);
    return known;
  }
}

function describe({ typeUrl, payload }: DeltaResponse): string {
  const names = (label: string, all: readonly string[]) =>
    all.length === 0 ? [] : [label, ...all.map((name) => shortName(typeUrl, name)).sort()];
  const words = [
    ...payload.resources.map((resource) => describeResource(typeUrl, resource)).sort(),
    ...names("gone", payload.removed),
    ...names("unknown", payload.unknown),
  ];
  return ["->", serviceOf(typeUrl), ...(words.length === 0 ? ["empty"] : words)].join(" ");
}
