import assert from "node:assert/strict";
import type { Fragment } from "../../core/cache/fragment.ts";
import { ResourceCache } from "../../core/cache/resource_cache.ts";
import type { StreamEvent } from "../../core/xds/event.ts";
import { buildFragment, parseSession, serviceOf, SERVICES, SHARED, shortName } from "./sessions.ts";

/** One Envoy on one stream at a time, which says what it is told to and remembers what it has accepted. */
export interface Peer {
  /** Begins a stream; what the Envoy has, it keeps. */
  connect(cache: ResourceCache): void;
  /** Sends a request. Returns what came of it, a line each. */
  say(typeUrl: string, words: readonly string[]): readonly string[];
  /** The cache has changed. Returns what came of it, a line each. */
  advance(): readonly string[];
  close(): void;
}

/** Lines that tell what Signalbox did, rather than what was done to it. */
const OUTCOME = /^(->|!)/;

/**
 * Plays a conversation. Lines:
 *
 * - `cache a; b hosts=h,i; -c`: one change of the cache, see `SessionText`; `-c` ends session c.
 * - `envoy CDS …`: what Envoy says, see the peers.
 * - `reconnect`: a new stream; `restart`: a new Signalbox too, with the same sessions.
 * - `-> CDS a b`: what is sent, sorted by name; `! CDS a of b`: resource a of session b was found to be the culprit.
 * - `# …`: a comment.
 *
 * @returns the conversation as it went: the same lines, but the last two kinds tell what really happened.
 */
export function play(script: string, peer: Peer, options: { readonly onDemand?: boolean } = {}): string {
  const fragments = new Map<string, Fragment>();
  let cache = new ResourceCache(SHARED, options);
  const change = (text: string): readonly string[] => {
    const changes = text.split(";").map((part) => part.trim()).filter((part) => part !== "").map((part) => {
      if (part.startsWith("-")) return { id: part.slice(1), fragment: undefined };
      const fragment = buildFragment(parseSession(part));
      return { id: fragment.sessionId, fragment };
    });
    for (const { id, fragment } of changes) {
      if (fragment) fragments.set(id, fragment);
      else fragments.delete(id);
    }
    cache.apply(cache.generation + 1, changes);
    return peer.advance();
  };
  const obey = (line: string): readonly string[] => {
    const [verb, ...words] = line.split(/\s+/);
    if (verb === "cache") return change(words.join(" "));
    if (verb === "envoy") return peer.say(SERVICES.get(words[0] ?? "") ?? words[0] ?? "", words.slice(1));
    if (verb === "restart") {
      cache = new ResourceCache(SHARED, options);
      cache.apply(1, [...fragments].map(([id, fragment]) => ({ id, fragment })));
    } else if (verb !== "reconnect") throw new TypeError(`Cannot play "${line}": unknown verb`);
    peer.close();
    peer.connect(cache);
    return [];
  };
  peer.connect(cache);
  const lines = linesOf(script).flatMap((line) => {
    if (OUTCOME.test(line)) return [];
    return line.startsWith("#") ? [line] : [line, ...obey(line)];
  });
  peer.close();
  return lines.join("\n");
}

/** A test that a conversation goes exactly as written: what is not written down is not sent. */
export function testTranscript(
  name: string,
  createPeer: () => Peer,
  script: string,
  options: { readonly onDemand?: boolean } = {},
): void {
  Deno.test(name, () => assert.equal(play(script, createPeer(), options), linesOf(script).join("\n")));
}

function linesOf(script: string): string[] {
  return script.split("\n").map((line) => line.trim().replaceAll(/\s+/g, " ")).filter((line) => line !== "");
}

/** The culprits among the events, a line each. */
export function describeCulprits(events: readonly StreamEvent[]): string[] {
  return events.filter((event) => event.kind === "rejected").map(({ typeUrl, name, sessionId }) =>
    `! ${serviceOf(typeUrl)} ${shortName(typeUrl, name)}${sessionId === undefined ? "" : ` of ${sessionId}`}`
  );
}
