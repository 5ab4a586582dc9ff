import { DeltaPeer } from "./delta_peer.ts";
import { testTranscript } from "./transcript.ts";

const test = (name: string, script: string) => testTranscript(`delta: ${name}`, () => new DeltaPeer(), script);

/** An Envoy that has sessions a and b in every way. */
const ALL = `
  cache a secret=s; b
  envoy SDS +s
  -> SDS s
  envoy SDS ack
  envoy CDS +*
  -> CDS a b
  envoy CDS ack
  envoy LDS +*
  -> LDS ingress
  envoy LDS ack
  envoy SRDS +*
  -> SRDS a>a b>b
  envoy SRDS ack
  envoy RDS +sessions
  -> RDS sessions(a>a,b>b)
  envoy RDS ack
`;

test(
  "after a restart of Signalbox an Envoy that has everything is sent nothing",
  `
  ${ALL}
  restart
  envoy CDS again
  envoy LDS again
  envoy SRDS again
  envoy RDS again
  envoy SDS again
  # The next change comes as ever.
  cache c
  -> CDS c
  envoy CDS ack
  -> SRDS c>c
  -> RDS sessions(a>a,b>b,c>c)
  envoy SRDS ack
  envoy RDS ack
  `,
);

test(
  "a reconnect with versions brings what changed, what is new and what has gone",
  `
  ${ALL}
  cache a secret=s v=2; c; -b
  -> CDS a:2 c
  reconnect
  envoy CDS again
  -> CDS a:2 c
  envoy CDS ack
  -> CDS gone b
  envoy CDS ack
  `,
);

test(
  "clusters that went while Envoy was away go after the scopes that name them",
  `
  ${ALL}
  reconnect
  cache -b
  envoy CDS again
  -> CDS empty
  envoy SRDS again
  envoy RDS again
  envoy CDS ack
  -> SRDS empty
  -> RDS sessions(a>a)
  envoy RDS ack
  envoy SRDS ack
  -> SRDS gone b
  envoy SRDS ack
  -> CDS gone b
  envoy CDS ack
  `,
);

test(
  "a host that passed to another session while Envoy was away never loses its cluster",
  `
  ${ALL}
  reconnect
  cache -b; c hosts=b
  envoy CDS again
  -> CDS c
  envoy SRDS again
  envoy CDS ack
  -> SRDS b>c
  envoy SRDS ack
  -> CDS gone b
  envoy CDS ack
  `,
);

test(
  "a reconnect without versions brings everything",
  `
  ${ALL}
  reconnect
  envoy CDS +*
  -> CDS a b
  envoy CDS ack
  `,
);

test(
  "names with versions: only what changed, and what has gone",
  `
  cache a; b; c
  envoy CDS +a +b +c +d
  -> CDS a b c gone d
  envoy CDS ack
  reconnect
  cache b v=2; -c
  envoy CDS again
  -> CDS b:2 gone d
  envoy CDS ack
  -> CDS gone c
  envoy CDS ack
  `,
);

test(
  "endpoints that are named are sent although Envoy has had them: a cluster may wait for them",
  `
  cache a; b
  envoy EDS +a +b
  -> EDS a b
  envoy EDS ack
  restart
  envoy EDS again
  -> EDS a b
  envoy EDS ack
  `,
);

test(
  "versions of names that Envoy does not ask for are heard only if they have gone",
  `
  cache a; b
  envoy CDS +a has a b=old c=old
  -> CDS empty
  envoy CDS ack
  -> CDS gone c
  envoy CDS ack
  `,
);

test(
  "versions in a later request are none of our business",
  `
  cache a
  envoy CDS +*
  -> CDS a
  envoy CDS ack
  envoy CDS has b=old
  `,
);

test(
  "what was in flight when the stream ended is sent on the next",
  `
  cache a
  envoy CDS +*
  -> CDS a
  reconnect
  envoy CDS again
  -> CDS a
  envoy CDS ack
  `,
);

test(
  "a new stream tries what an earlier one rejected: it may be another Envoy",
  `
  cache a
  envoy CDS +*
  -> CDS a
  envoy CDS nack
  ! CDS a of a
  reconnect
  envoy CDS again
  -> CDS a
  `,
);
