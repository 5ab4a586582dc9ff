import { SotwPeer } from "./sotw_peer.ts";
import { testTranscript } from "./transcript.ts";

const test = (name: string, script: string) =>
  testTranscript(`state of the world: ${name}`, () => new SotwPeer(), script);

test(
  "an empty first request is the legacy wildcard, and responses are complete",
  `
  cache a; b
  envoy CDS
  -> CDS a b
  envoy CDS ack
  cache c
  -> CDS a b c
  envoy CDS ack
  cache -b
  -> CDS a c
  envoy CDS ack
  `,
);

test(
  "an explicit * is everything, though that be nothing",
  `
  envoy CDS *
  -> CDS empty
  envoy CDS ack
  cache a
  -> CDS a
  envoy CDS ack
  cache -a
  -> CDS empty
  envoy CDS ack
  `,
);

test(
  "an empty set is answered, of every type that can be had as a whole",
  `
  envoy CDS
  -> CDS empty
  envoy CDS ack
  envoy LDS *
  -> LDS ingress
  envoy LDS ack
  envoy SRDS *
  -> SRDS empty
  envoy SRDS ack
  cache a
  -> CDS a
  envoy CDS ack
  -> SRDS a>a
  envoy SRDS ack
  `,
);

test(
  "names end the legacy wildcard",
  `
  cache a; b
  envoy CDS
  -> CDS a b
  envoy CDS ack
  envoy CDS a
  -> CDS a
  envoy CDS ack
  cache b v=2; c
  cache a v=2
  -> CDS a:2
  envoy CDS ack
  `,
);

test(
  "names beside * are sent once more, and leaving them out changes nothing",
  `
  cache a; b
  envoy CDS *
  -> CDS a b
  envoy CDS ack
  envoy CDS * a
  -> CDS a b
  envoy CDS ack
  envoy CDS *
  cache b v=2
  -> CDS a b:2
  envoy CDS ack
  `,
);

test(
  "names stay when * goes, and * brings everything again",
  `
  cache a; b
  envoy CDS * a
  -> CDS a b
  envoy CDS ack
  envoy CDS a
  cache b v=2
  cache a v=2
  -> CDS a:2
  envoy CDS ack
  envoy CDS a *
  -> CDS a:2 b:2
  envoy CDS ack
  `,
);

test(
  "* is answered though it brings nothing that Envoy has not",
  `
  cache a
  envoy CDS a
  -> CDS a
  envoy CDS ack
  envoy CDS a *
  -> CDS a
  envoy CDS ack
  `,
);

test(
  "names bring those alone",
  `
  cache a; b; c
  envoy CDS a b
  -> CDS a b
  envoy CDS ack
  cache c v=2
  cache a v=2
  -> CDS a:2 b
  envoy CDS ack
  `,
);

test(
  "leaving a name out is not answered, and ends its updates",
  `
  cache a; b
  envoy CDS a b
  -> CDS a b
  envoy CDS ack
  envoy CDS a
  cache b v=2
  cache a v=2
  -> CDS a:2
  envoy CDS ack
  cache -b
  `,
);

test(
  "leaving all names out is no wildcard",
  `
  cache a; b
  envoy CDS a
  -> CDS a
  envoy CDS ack
  envoy CDS none
  cache a v=2; c
  envoy CDS none
  envoy CDS a
  -> CDS a:2
  envoy CDS ack
  `,
);

test(
  "a name that is left out while a response is in flight is not missed after it",
  `
  cache a; b
  envoy CDS a b
  -> CDS a b
  envoy CDS a
  envoy CDS ack
  cache b v=2
  cache a v=2
  -> CDS a:2
  envoy CDS ack
  `,
);

test(
  "what was left out is sent when it is asked for again, though it be the same",
  `
  cache a; b
  envoy EDS a b
  -> EDS a b
  envoy EDS ack
  envoy EDS b
  envoy EDS a b
  -> EDS a
  envoy EDS ack
  envoy CDS a b
  -> CDS a b
  envoy CDS ack
  envoy CDS b
  envoy CDS a b
  -> CDS a b
  envoy CDS ack
  `,
);

test(
  "a name twice in a request is sent once",
  `
  cache a
  envoy CDS a a
  -> CDS a
  envoy CDS ack
  envoy EDS a a
  -> EDS a
  envoy EDS ack
  `,
);

test(
  "a request that asks for the same is not answered",
  `
  cache a; b
  envoy CDS a b
  -> CDS a b
  envoy CDS ack
  envoy CDS b a
  envoy CDS
  `,
);

test(
  "unknown clusters and listeners are known by their absence, at once",
  `
  envoy CDS a
  -> CDS empty
  envoy CDS ack
  cache b
  cache a
  -> CDS a
  envoy CDS ack
  envoy CDS a c
  -> CDS a
  envoy CDS ack
  cache c
  -> CDS a c
  envoy CDS ack
  envoy LDS none-such
  -> LDS empty
  envoy LDS ack
  envoy LDS none-such ingress
  -> LDS ingress
  envoy LDS ack
  `,
);

test(
  "of unknown routes, endpoints and secrets there is nothing to say until they come into being",
  `
  envoy RDS none-such
  envoy EDS a b
  envoy SDS s
  cache a
  -> EDS a
  envoy EDS ack
  cache b secret=s
  -> SDS s
  -> EDS b
  envoy SDS ack
  envoy EDS ack
  envoy RDS none-such sessions
  -> RDS sessions(a>a,b>b)
  envoy RDS ack
  `,
);

test(
  "what is gone from endpoints is not told, and comes anew",
  `
  cache a; b
  envoy EDS a b
  -> EDS a b
  envoy EDS ack
  cache -a
  cache a
  -> EDS a
  envoy EDS ack
  `,
);

test(
  "routes, endpoints and secrets hold what changed and nothing else",
  `
  cache a; b
  envoy EDS a b
  -> EDS a b
  envoy EDS ack
  cache a pod=x
  -> EDS a@x
  envoy EDS ack
  cache b pod=y; a pod=z
  -> EDS a@z b@y
  envoy EDS ack
  `,
);

test(
  "secrets have no wildcard",
  `
  cache a secret=s
  envoy SDS
  -> SDS empty
  envoy SDS ack
  cache b secret=t
  envoy SDS s
  -> SDS s
  envoy SDS ack
  envoy SDS s *
  -> SDS empty
  envoy SDS ack
  `,
);

test(
  "two types at once",
  `
  cache a
  envoy CDS
  -> CDS a
  envoy LDS
  envoy EDS a
  envoy CDS ack
  -> EDS a
  -> LDS ingress
  cache b
  -> CDS a b
  envoy LDS ack
  envoy EDS ack
  envoy CDS ack
  `,
);

test(
  "a type that nobody serves is answered once, so that Envoy does not wait for it",
  `
  envoy type.example.org/Unheard x
  -> type.example.org/Unheard empty
  envoy type.example.org/Unheard ack
  envoy type.example.org/Unheard x y
  cache a
  `,
);
