import { SotwPeer } from "./sotw_peer.ts";
import { testTranscript } from "./transcript.ts";

const test = (name: string, script: string) =>
  testTranscript(`state of the world: ${name}`, () => new SotwPeer(), script);

test(
  "an ACK is answered with nothing",
  `
  cache a
  envoy CDS
  -> CDS a
  envoy CDS ack
  envoy CDS
  cache b
  -> CDS a b
  envoy CDS ack
  `,
);

test(
  "a stale nonce answers nothing, but its names count",
  `
  cache a; b
  envoy CDS a
  -> CDS a
  envoy CDS ack
  cache a v=2
  -> CDS a:2
  envoy CDS stale a b
  cache b v=2
  envoy CDS stale
  envoy CDS ack
  -> CDS a:2 b:2
  envoy CDS ack
  `,
);

test(
  "one response is in flight, and what changes meanwhile is merged into the next",
  `
  cache a
  envoy CDS
  -> CDS a
  cache b
  cache c
  cache b v=2
  cache -c
  cache d
  cache a v=2
  envoy CDS ack
  -> CDS a:2 b:2 d
  cache -b
  envoy CDS ack
  -> CDS a:2 d
  envoy CDS ack
  `,
);

test(
  "what changed and changed back is not sent",
  `
  cache a
  envoy CDS
  -> CDS a
  cache a v=2; b
  cache a; -b
  envoy CDS ack
  `,
);

test(
  "what was rejected is not sent again until it changes, and what was accepted before stays in responses",
  `
  cache a; b
  envoy CDS
  -> CDS a b
  envoy CDS ack
  cache a v=bad
  -> CDS a:bad b
  envoy CDS nack
  ! CDS a of a
  cache b v=2
  -> CDS a b:2
  envoy CDS ack
  cache a v=bad
  cache a v=good
  -> CDS a:good b:2
  envoy CDS ack
  `,
);

test(
  "what Envoy rejected is sent again once it has been something else",
  `
  cache a
  envoy CDS
  -> CDS a
  envoy CDS ack
  cache a v=bad
  -> CDS a:bad
  envoy CDS nack
  ! CDS a of a
  # As Envoy has it: nothing to send.
  cache a
  cache a v=bad
  -> CDS a:bad
  envoy CDS nack
  ! CDS a of a
  cache -a
  -> CDS empty
  envoy CDS ack
  cache a v=bad
  -> CDS a:bad
  envoy CDS nack
  ! CDS a of a
  # Envoy never had it: nothing to take away.
  cache -a
  cache a v=bad
  -> CDS a:bad
  `,
);

test(
  "a rejected response is bisected to the culprit, and the others go out",
  `
  cache a; b; c; bad
  envoy CDS
  -> CDS a b bad c
  envoy CDS nack
  -> CDS a b
  envoy CDS ack
  -> CDS a b bad c
  envoy CDS nack
  -> CDS a b c
  envoy CDS ack
  -> CDS a b bad c
  envoy CDS nack
  ! CDS bad of bad
  cache d
  -> CDS a b c d
  envoy CDS ack
  `,
);

test(
  "two culprits are both found, and what Envoy had of them before stays in responses",
  `
  cache a; b; c; d
  envoy CDS
  -> CDS a b c d
  envoy CDS ack
  cache a v=bad; b v=2; c v=bad
  -> CDS a:bad b:2 c:bad d
  envoy CDS nack
  -> CDS a:bad b:2 c d
  envoy CDS nack
  -> CDS a:bad b c d
  envoy CDS nack
  ! CDS a of a
  -> CDS a b:2 c d
  envoy CDS ack
  -> CDS a b:2 c:bad d
  envoy CDS nack
  ! CDS c of c
  cache e
  -> CDS a b:2 c d e
  envoy CDS ack
  `,
);

test(
  "a culprit that comes with a new name stays in responses as Envoy had it",
  `
  cache a; b
  envoy CDS a
  -> CDS a
  envoy CDS ack
  cache a v=2
  -> CDS a:2
  cache a v=bad
  envoy CDS ack a b
  -> CDS a:bad b
  envoy CDS nack
  -> CDS a:bad
  envoy CDS nack
  ! CDS a of a
  -> CDS a:2 b
  envoy CDS ack
  `,
);

test(
  "what changes during a bisection comes after it, and what is gone is not tried again",
  `
  cache a; b; c
  envoy CDS
  -> CDS a b c
  envoy CDS nack
  -> CDS a b
  cache a v=2; -c; d
  envoy CDS ack
  -> CDS a:2 b d
  envoy CDS ack
  `,
);

test(
  "removals in a rejected response come with the next, without what was wrong",
  `
  cache a; b; c
  envoy CDS
  -> CDS a b c
  envoy CDS ack
  cache a v=bad; -b
  -> CDS a:bad c
  envoy CDS nack
  ! CDS a of a
  -> CDS a c
  envoy CDS ack
  `,
);

test(
  "a rejected removal is not sent for ever",
  `
  cache a
  envoy CDS
  -> CDS a
  envoy CDS ack
  cache -a
  -> CDS empty
  envoy CDS nack
  cache b
  -> CDS b
  envoy CDS ack
  `,
);

test(
  "endpoints that were rejected do not come with others",
  `
  cache a; b
  envoy EDS a b
  -> EDS a b
  envoy EDS ack
  cache a pod=bad; b pod=x
  -> EDS a@bad b@x
  envoy EDS nack
  -> EDS a@bad
  envoy EDS nack
  ! EDS a of a
  -> EDS b@x
  envoy EDS ack
  cache b pod=y
  -> EDS b@y
  envoy EDS ack
  cache a pod=good
  -> EDS a@good
  envoy EDS ack
  `,
);

test(
  "what was rejected is sent to who asks for it by name once more",
  `
  cache a
  envoy EDS a
  -> EDS a
  envoy EDS nack
  ! EDS a of a
  envoy EDS none
  envoy EDS a
  -> EDS a
  envoy EDS ack
  `,
);

test(
  "what Envoy gave up and asked for again while a response was in flight stays in responses",
  `
  cache a; b
  envoy CDS
  -> CDS a b
  envoy CDS ack
  envoy SRDS *
  -> SRDS a>a b>b
  envoy SRDS ack
  cache a route=r
  -> SRDS a>a:r b>b
  envoy SRDS none
  envoy SRDS *
  cache b cluster=b2; a route=r2
  -> CDS a b b2
  envoy SRDS ack
  -> SRDS a>a:r b>b
  envoy CDS ack
  envoy SRDS ack
  -> SRDS a>a:r2 b>b2
  `,
);

test(
  "what was in a rejected response is not taken for unknown: Envoy may have applied it",
  `
  cache a
  envoy CDS
  -> CDS a
  envoy CDS ack
  cache a v=2; b; bad
  -> CDS a:2 b bad
  cache a; -b
  envoy CDS nack
  -> CDS a bad
  envoy CDS nack
  ! CDS bad of bad
  -> CDS a
  envoy CDS ack
  `,
);

test(
  "what a rejected response took away is sent when it is back: Envoy may have dropped it",
  `
  cache a
  envoy CDS
  -> CDS a
  envoy CDS ack
  cache b v=bad; -a
  -> CDS b:bad
  cache a
  envoy CDS nack
  ! CDS b of b
  -> CDS a
  envoy CDS ack
  `,
);
