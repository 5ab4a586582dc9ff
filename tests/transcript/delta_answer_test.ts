import { DeltaPeer } from "./delta_peer.ts";
import { testTranscript } from "./transcript.ts";

const test = (name: string, script: string) => testTranscript(`delta: ${name}`, () => new DeltaPeer(), script);

test(
  "an ACK is answered with nothing",
  `
  cache a
  envoy CDS +*
  -> CDS a
  envoy CDS ack
  envoy CDS
  cache b
  -> CDS b
  envoy CDS ack
  `,
);

test(
  "what was rejected is not sent again until it changes, and what was accepted before is not touched",
  `
  cache a; b
  envoy CDS +*
  -> CDS a b
  envoy CDS ack
  cache a v=bad
  -> CDS a:bad
  envoy CDS nack
  ! CDS a of a
  # Other sessions go on.
  cache b v=2
  -> CDS b:2
  envoy CDS ack
  # The same registration once more, and one that is the rejected one again by the time that it could be sent.
  cache a v=bad
  cache a v=good
  -> CDS a:good
  envoy CDS ack
  `,
);

test(
  "what Envoy rejected is sent again once it has been something else",
  `
  cache a
  envoy CDS +*
  -> CDS a
  envoy CDS ack
  cache a v=bad
  -> CDS a:bad
  envoy CDS nack
  ! CDS a of a
  cache a
  -> CDS a
  envoy CDS ack
  cache a v=bad
  -> CDS a:bad
  envoy CDS nack
  ! CDS a of a
  cache -a
  -> CDS gone a
  envoy CDS ack
  cache a v=bad
  -> CDS a:bad
  `,
);

test(
  "a rejected response is bisected to the culprit, and the others go out",
  `
  cache a; b; c; bad
  envoy CDS +*
  -> CDS a b bad c
  envoy CDS nack
  -> CDS a b
  envoy CDS ack
  -> CDS bad c
  envoy CDS nack
  -> CDS c
  envoy CDS ack
  -> CDS bad
  envoy CDS nack
  ! CDS bad of bad
  cache d
  -> CDS d
  envoy CDS ack
  `,
);

test(
  "two culprits are both found",
  `
  cache a; bad1; b; bad2
  envoy CDS +*
  -> CDS a b bad1 bad2
  envoy CDS nack
  -> CDS a bad1
  envoy CDS nack
  -> CDS a
  envoy CDS ack
  -> CDS bad1
  envoy CDS nack
  ! CDS bad1 of bad1
  -> CDS b bad2
  envoy CDS nack
  -> CDS b
  envoy CDS ack
  -> CDS bad2
  envoy CDS nack
  ! CDS bad2 of bad2
  `,
);

test(
  "what changes during a bisection comes after it, and what is gone is not tried again",
  `
  cache a; b; c
  envoy CDS +*
  -> CDS a b c
  envoy CDS nack
  -> CDS a b
  cache a v=2; -c; d
  envoy CDS ack
  -> CDS a:2 d gone c
  envoy CDS ack
  `,
);

test(
  "removals in a rejected response are sent again with the next, without what was wrong",
  `
  cache a; b
  envoy CDS +*
  -> CDS a b
  envoy CDS ack
  cache a v=bad; -b
  -> CDS a:bad gone b
  envoy CDS nack
  ! CDS a of a
  -> CDS gone b
  envoy CDS ack
  `,
);

test(
  "a rejected removal is not sent for ever",
  `
  cache a
  envoy CDS +*
  -> CDS a
  envoy CDS ack
  cache -a
  -> CDS gone a
  envoy CDS nack
  cache b
  -> CDS b
  envoy CDS ack
  `,
);

test(
  "one response is in flight, and what changes meanwhile is merged into the next",
  `
  cache a
  envoy CDS +*
  -> CDS a
  cache b
  cache c
  cache b v=2
  cache -c
  cache d
  cache a v=2
  envoy CDS ack
  -> CDS a:2 b:2 d gone c
  cache -b
  envoy CDS ack
  -> CDS gone b
  envoy CDS ack
  `,
);

test(
  "types do not wait for one another's answers unless the order says so",
  `
  cache a secret=s
  envoy CDS +*
  -> CDS a
  envoy LDS +*
  envoy SDS +s
  -> SDS s
  cache b
  envoy SDS ack
  envoy CDS ack
  -> CDS b
  -> LDS ingress
  envoy LDS ack
  envoy CDS ack
  `,
);

test(
  "a stale nonce answers nothing, but its subscriptions count",
  `
  cache a; b
  envoy CDS +a
  -> CDS a
  envoy CDS ack +b
  -> CDS b
  envoy CDS stale +c
  cache b v=2
  envoy CDS stale
  envoy CDS ack
  -> CDS b:2 gone c
  envoy CDS ack
  `,
);

test(
  "a type that nobody serves is answered, so that Envoy does not wait for it",
  `
  envoy type.example.org/Unheard +*
  -> type.example.org/Unheard empty
  envoy type.example.org/Unheard ack
  envoy type.example.org/Unheard +x +y
  -> type.example.org/Unheard gone x y
  envoy type.example.org/Unheard ack
  cache a
  `,
);

test(
  "an unknown name in a rejected response is answered with the next",
  `
  cache a
  envoy CDS +*
  -> CDS a
  envoy CDS ack
  envoy SRDS +*
  -> SRDS a>a
  envoy SRDS ack
  envoy CDS +a +none
  -> CDS a gone none
  envoy CDS nack
  ! CDS a of a
  -> CDS gone none
  envoy CDS ack
  `,
);

test(
  "a removal in a rejected response is not sent to who does not want the name any more",
  `
  cache a; b
  envoy CDS +a +b
  -> CDS a b
  envoy CDS ack
  cache a v=bad; -b
  -> CDS a:bad gone b
  envoy CDS -b
  envoy CDS nack
  ! CDS a of a
  cache a v=2
  -> CDS a:2
  `,
);
