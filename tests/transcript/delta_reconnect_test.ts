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
  -> SRDS gone b
  -> RDS sessions(a>a)
  envoy RDS ack
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

test(
  "what goes while a reconnected Envoy has not yet said all that it wants waits until it has",
  `
  ${ALL}
  reconnect
  envoy CDS again
  cache -b
  -> CDS empty
  envoy SRDS again
  envoy CDS ack
  -> SRDS gone b
  envoy SRDS ack
  -> CDS gone b
  envoy CDS ack
  cache -a
  -> SRDS gone a
  envoy SRDS ack
  -> CDS gone a
  `,
);

test(
  "what went while Envoy was away goes although the first response was rejected",
  `
  ${ALL}
  reconnect
  cache a secret=s v=bad; -b
  envoy CDS again
  -> CDS a:bad
  envoy SRDS again
  envoy CDS nack
  ! CDS a of a
  -> SRDS gone b
  envoy SRDS ack
  -> CDS gone b
  envoy CDS ack
  `,
);

test(
  "a cluster stays until the scope that left it while Envoy was away is accepted, though the scope changes once more",
  `
  cache a
  envoy CDS +*
  -> CDS a
  envoy CDS ack
  envoy SRDS +*
  -> SRDS a>a
  envoy SRDS ack
  cache a cluster=a2
  -> CDS a2
  reconnect
  envoy CDS again
  -> CDS a2
  envoy SRDS again
  cache a cluster=a2 route=r
  cache b
  envoy CDS ack
  -> CDS b
  -> SRDS a>a2
  envoy CDS ack
  envoy SRDS ack
  -> CDS gone a
  -> SRDS a>a2:r b>b
  `,
);

test(
  "a scope that Envoy missed and that is gone before its turn is not sent, though it comes back",
  `
  cache x; y
  envoy CDS +*
  -> CDS x y
  envoy EDS +none-such
  envoy SRDS +* has y=old
  cache -x
  envoy CDS ack
  -> EDS gone none-such
  cache x cluster=x2
  -> CDS x2
  envoy EDS ack
  -> SRDS y>y
  envoy CDS ack
  envoy SRDS ack
  -> SRDS x>x2
  envoy SRDS ack
  -> CDS gone x
  `,
);

test(
  "a secret stays until its cluster has gone, though that came and went once more meanwhile",
  `
  cache a secret=s
  envoy SDS +s
  -> SDS s
  envoy SDS ack
  envoy CDS +*
  -> CDS a
  envoy CDS ack
  envoy SRDS +*
  -> SRDS a>a
  envoy SRDS ack
  cache a cluster=a2
  -> CDS a2
  reconnect
  envoy SDS again
  -> SDS empty
  envoy CDS again
  -> CDS a2
  envoy SRDS again
  cache a v=2
  cache a cluster=a2
  envoy SDS ack
  envoy CDS ack
  -> CDS a2
  -> SRDS a>a2
  envoy CDS ack
  envoy SRDS ack
  -> SRDS a>a2
  envoy SRDS ack
  -> CDS gone a
  envoy CDS ack
  -> SDS gone s
  `,
);

test(
  "what Envoy had and does not ask for any more holds up nobody when it comes back",
  `
  cache a secret=s
  envoy CDS +a has a c=old
  -> CDS empty
  envoy SDS +s
  -> SDS s
  cache c
  envoy CDS ack
  envoy SDS ack
  cache a
  -> SDS gone s
  `,
);
