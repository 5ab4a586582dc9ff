import type { ResourceCache } from "../../core/cache/resource_cache.ts";
import { type SotwOutput, type SotwResponse, SotwStream } from "../../core/xds/sotw_stream.ts";
import { describeResource, longName, serviceOf } from "./sessions.ts";
import { describeCulprits, type Peer } from "./transcript.ts";

interface Known {
  names: readonly string[];
  version: string;
  last: SotwResponse | undefined;
  nonce: string;
  staleNonce: string;
}

/**
 * An Envoy that speaks the state of the world:
 *
 * - `envoy CDS a b`: wants these; without names what it wanted before, at first nothing, which is the legacy wildcard.
 * - `… none`: wants nothing any more.
 * - `… ack …`, `… nack …`: answers the last response.
 * - `… stale …`: carries the nonce of the response before the last.
 * - `… again`: after a reconnect: what it wanted, and the version that it has.
 * - `… afresh`: after a reconnect: what it wanted, but it has nothing.
 *
 * Answers read `-> CDS a b`: the resources in the response; `empty` is none.
 */
export class SotwPeer implements Peer {
  readonly #types = new Map<string, Known>();
  #stream: SotwStream | undefined;

  connect(cache: ResourceCache): void {
    this.#stream = new SotwStream(cache);
    for (const known of this.#types.values()) {
      known.last = undefined;
      known.nonce = "";
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
    const names = words.filter((word) => !VERBS.has(word)).map((name) => longName(typeUrl, name));
    if (names.length > 0 || verbs.has("none")) known.names = names;
    if (verbs.has("afresh")) known.version = "";
    const answers = verbs.has("ack") || verbs.has("nack") ? known.last : undefined;
    if (answers) {
      known.last = undefined;
      known.staleNonce = known.nonce;
      known.nonce = answers.nonce;
      if (verbs.has("ack")) known.version = answers.payload.version;
    }
    return this.#hear(
      this.#stream?.receive({
        typeUrl,
        names: known.names,
        version: known.version,
        nonce: verbs.has("stale") ? known.staleNonce : known.nonce,
        ...(verbs.has("nack") ? { error: "no" } : {}),
      }),
    );
  }

  #hear(output: SotwOutput | undefined): readonly string[] {
    if (!output) return [];
    const sent = output.responses.map((response) => {
      const { typeUrl, payload } = response;
      this.#known(typeUrl).last = response;
      const words = payload.resources.map((resource) => describeResource(typeUrl, resource)).sort();
      return ["->", serviceOf(typeUrl), ...(words.length === 0 ? ["empty"] : words)].join(" ");
    });
    return [...describeCulprits(output.events), ...sent];
  }

  #known(typeUrl: string): Known {
    const known = this.#types.get(typeUrl) ??
      { names: [], version: "", last: undefined, nonce: "", staleNonce: "" };
    this.#types.set(typeUrl, known);
    return known;
  }
}

const VERBS: ReadonlySet<string> = new Set(["ack", "nack", "stale", "again", "afresh", "none"]);
