import type { ResourceCache } from "../../core/cache/resource_cache.ts";
import { isTypeUrl } from "../../core/cache/resource_type.ts";
import type { Poll } from "../../core/xds/poll_lane.ts";
import { type PollOutput, PollStream } from "../../core/xds/poll_stream.ts";
import { describeResource, serviceOf } from "./sessions.ts";
import { describeCulprits, type Peer } from "./transcript.ts";

interface Known {
  readonly typeUrl: string;
  /** What it has. */
  version: string;
  /** The version of the last answer. */
  answered: string | undefined;
}

/**
 * An Envoy that polls:
 *
 * - `envoy CDS a b`: polls for these, or for all; it has taken the last answer to such a poll. The poll waits until there is
 *   an answer.
 * - `… refuses`: it has not taken the last answer, or never had it: on the wire that is the same.
 * - `… fresh`, `… odd`: it has nothing, it has a version of somebody else.
 * - `… stops`: the poll waits no longer.
 *
 * Answers read `-> CDS a b`, and `! new stream` where a poll does not go with those before.
 */
export class PollPeer implements Peer {
  readonly #lanes = new Map<string, Known>();
  #cache: ResourceCache | undefined;
  #stream: PollStream | undefined;

  connect(cache: ResourceCache): void {
    this.#cache = cache;
    this.#stream = new PollStream(cache);
  }

  close(): void {
    this.#stream?.close();
  }

  advance(): readonly string[] {
    return this.#stream ? this.#hear(this.#stream.advance()) : [];
  }

  say(typeUrl: string, words: readonly string[]): readonly string[] {
    if (!isTypeUrl(typeUrl)) throw new TypeError(`Cannot poll for "${typeUrl}": unknown`);
    const verbs = new Set(words);
    const names = words.filter((word) => !VERBS.has(word));
    const lane = [typeUrl, ...names].join(" ");
    if (verbs.has("stops")) {
      this.#stream?.release(lane, 0);
      return [];
    }
    const known = this.#lanes.get(lane) ?? { typeUrl, version: "", answered: undefined };
    this.#lanes.set(lane, known);
    if (!verbs.has("refuses")) known.version = known.answered ?? known.version;
    known.answered = undefined;
    if (verbs.has("fresh")) known.version = "";
    if (verbs.has("odd")) known.version = "odd";
    const poll: Poll = { lane, typeUrl, names, version: known.version };
    const events = this.#stream?.receive(poll, 0);
    if (events) return [...describeCulprits(events), ...this.advance()];
    this.close();
    if (this.#cache) this.connect(this.#cache);
    this.#stream?.receive(poll, 0);
    return ["! new stream", ...this.advance()];
  }

  #hear({ answers, events }: PollOutput): readonly string[] {
    const sent = answers.map(({ lane, payload }) => {
      const known = this.#lanes.get(lane);
      if (!known) throw new TypeError(`Nobody polls on "${lane}"`);
      known.answered = payload.version;
      const words = payload.resources.map((resource) => describeResource(known.typeUrl, resource)).sort();
      return ["->", serviceOf(known.typeUrl), ...(words.length === 0 ? ["empty"] : words)].join(" ");
    });
    return [...describeCulprits(events), ...sent];
  }
}

const VERBS: ReadonlySet<string> = new Set(["refuses", "fresh", "odd", "stops"]);
