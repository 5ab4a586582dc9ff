/**
 * How Envoy polls: the pause between two polls (Envoy adds up to as much again), and how long it waits for an answer. The
 * pause can be short, because a poll for which there is nothing new is held.
 */
export const POLLING = { refreshDelayMs: 200, requestTimeoutMs: 5000 } as const;
