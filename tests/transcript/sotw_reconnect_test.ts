import { SotwPeer } from "./sotw_peer.ts";
import { testTranscript } from "./transcript.ts";

const test = (name: string, script: string) =>
  testTranscript(`state of the world: ${name}`, () => new SotwPeer(), script);

/** An Envoy that has sessions a and b in every way. */
const ALL = `
  cache a secret=s; b
  envoy SDS s
  -> SDS s
  envoy SDS ack
  envoy CDS
  -> CDS a b
  envoy CDS ack
  envoy LDS
  -> LDS ingress
  envoy LDS ack
  envoy SRDS
  -> SRDS a>a b>b
  envoy SRDS ack
  envoy RDS sessions
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
  -> CDS a b c
  envoy CDS ack
  -> SRDS a>a b>b c>c
  -> RDS sessions(a>a,b>b,c>c)
  envoy SRDS ack
  envoy RDS ack
  `,
);

test(
  "a reconnect with another version brings everything as it is",
  `
  ${ALL}
  cache a secret=s v=2; c; -b
  -> CDS a:2 b c
  reconnect
  envoy CDS again
  -> CDS a:2 c
  envoy SRDS again
  envoy CDS ack
  -> SRDS a>a c>c
  envoy SRDS ack
  `,
);

test(
  "a reconnect without a version brings everything",
  `
  ${ALL}
  reconnect
  envoy CDS afresh
  -> CDS a b
  envoy CDS ack
  envoy RDS afresh
  -> RDS sessions(a>a,b>b)
  envoy RDS ack
  `,
);

test(
  "what went while Envoy was away is not in the first response",
  `
  ${ALL}
  reconnect
  cache -b
  envoy CDS again
  -> CDS a
  envoy SRDS again
  envoy CDS ack
  -> SRDS a>a
  envoy SRDS ack
  `,
);

test(
  "everything that is there went while Envoy was away",
  `
  cache a
  envoy CDS
  -> CDS a
  envoy CDS ack
  reconnect
  cache -a
  envoy CDS again
  -> CDS empty
  envoy CDS ack
  `,
);

test(
  "endpoints that are named are sent although Envoy has had them: a cluster may wait for them",
  `
  cache a; b
  envoy EDS a b
  -> EDS a b
  envoy EDS ack
  restart
  envoy EDS again
  -> EDS a b
  envoy EDS ack
  `,
);

test(
  "endpoints are of one version, in whatever steps they came",
  `
  cache a secret=s; b secret=t
  envoy SDS s t
  -> SDS s t
  envoy SDS ack
  cache c secret=u
  envoy SDS s t u
  -> SDS u
  envoy SDS ack
  restart
  envoy SDS again
  `,
);

test(
  "names that nobody has are not told of again where nothing changed",
  `
  cache a
  envoy CDS a none-such
  -> CDS a
  envoy CDS ack
  restart
  envoy CDS again
  cache none-such
  -> CDS a none-such
  envoy CDS ack
  `,
);

test(
  "what was in flight when the stream ended is sent on the next",
  `
  cache a
  envoy CDS
  -> CDS a
  envoy CDS ack
  cache a v=2
  -> CDS a:2
  reconnect
  envoy CDS again
  -> CDS a:2
  envoy CDS ack
  `,
);

test(
  "a new stream tries what an earlier one rejected: it may be another Envoy",
  `
  cache a
  envoy CDS
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
  -> CDS a b
  envoy SRDS again
  envoy CDS ack
  -> SRDS a>a
  envoy SRDS ack
  -> CDS a
  envoy CDS ack
  `,
);
