import { SotwPeer } from "./sotw_peer.ts";
import { testTranscript } from "./transcript.ts";

const test = (name: string, script: string) =>
  testTranscript(`state of the world: ${name}`, () => new SotwPeer(), script);

/** An Envoy that has session a in clusters and scopes. */
const BOTH = `
  cache a
  envoy CDS
  -> CDS a
  envoy CDS ack
  envoy SRDS
  -> SRDS a>a
  envoy SRDS ack
`;

test(
  "at first a scope waits for the clusters, however they come",
  `
  cache a
  envoy CDS
  -> CDS a
  envoy SRDS
  envoy CDS ack
  -> SRDS a>a
  envoy SRDS ack
  `,
);

test(
  "a new session's cluster is acknowledged before its scope is sent",
  `
  ${BOTH}
  cache b
  -> CDS a b
  envoy CDS ack
  -> SRDS a>a b>b
  envoy SRDS ack
  `,
);

test(
  "a session's scope is gone before its cluster goes",
  `
  ${BOTH}
  cache -a
  -> SRDS empty
  envoy SRDS ack
  -> CDS empty
  envoy CDS ack
  `,
);

test(
  "a session that moves to another cluster never has a moment without one",
  `
  ${BOTH}
  cache a cluster=a2
  -> CDS a a2
  envoy CDS ack
  -> SRDS a>a2
  envoy SRDS ack
  -> CDS a2
  envoy CDS ack
  `,
);

test(
  "a host that passes from one session to another is an update in place",
  `
  ${BOTH}
  cache -a; b hosts=a
  -> CDS a b
  envoy CDS ack
  -> SRDS a>b
  envoy SRDS ack
  -> CDS b
  envoy CDS ack
  `,
);

test(
  "what is to go stays in every response until its turn",
  `
  ${BOTH}
  cache x
  -> CDS a x
  cache -a
  envoy CDS ack
  -> SRDS x>x
  cache y
  -> CDS a x y
  envoy SRDS ack
  envoy CDS ack
  -> CDS x y
  -> SRDS x>x y>y
  envoy SRDS ack
  envoy CDS ack
  `,
);

test(
  "a cluster stays while a later change holds back the scope that left it",
  `
  ${BOTH}
  cache a cluster=a2
  -> CDS a a2
  cache a cluster=a3
  envoy CDS ack
  -> CDS a a2 a3
  -> SRDS a>a2
  envoy CDS ack
  envoy SRDS ack
  -> CDS a2 a3
  -> SRDS a>a3
  envoy CDS ack
  envoy SRDS ack
  -> CDS a3
  envoy CDS ack
  `,
);

test(
  "clusters stay until the scope's removal is accepted, though it came in a rejected response",
  `
  ${BOTH}
  cache b; -a
  -> CDS a b
  envoy CDS ack
  -> SRDS b>b
  envoy SRDS nack
  ! SRDS b of b
  -> SRDS empty
  envoy SRDS ack
  -> CDS b
  envoy CDS ack
  `,
);

test(
  "endpoints come after the cluster, and what is gone of them holds nothing up",
  `
  cache a; b
  envoy CDS
  -> CDS a b
  envoy EDS a b
  envoy CDS ack
  -> EDS a b
  envoy EDS ack
  envoy SRDS
  -> SRDS a>a b>b
  envoy SRDS ack
  cache -b
  -> SRDS a>a
  envoy SRDS ack
  -> CDS a
  envoy CDS ack
  envoy EDS a
  cache c
  -> CDS a c
  envoy CDS ack
  -> SRDS a>a c>c
  envoy SRDS ack
  `,
);

test(
  "a session that ends and comes back before its turn keeps its cluster",
  `
  ${BOTH}
  cache b
  -> CDS a b
  cache -a
  cache a
  envoy CDS ack
  -> SRDS a>a b>b
  envoy SRDS ack
  `,
);

test(
  "the route configuration is sent as of the clusters that were acknowledged",
  `
  cache a
  envoy CDS
  -> CDS a
  envoy RDS sessions
  envoy CDS ack
  -> RDS sessions(a>a)
  envoy RDS ack
  cache b
  -> CDS a b
  cache c
  envoy CDS ack
  -> CDS a b c
  -> RDS sessions(a>a,b>b)
  cache d
  envoy CDS ack
  -> CDS a b c d
  envoy RDS ack
  -> RDS sessions(a>a,b>b,c>c)
  cache -b
  envoy RDS ack
  envoy CDS ack
  -> RDS sessions(a>a,c>c,d>d)
  envoy RDS ack
  -> CDS a c d
  envoy CDS ack
  `,
);

test(
  "secrets come before the cluster that names them",
  `
  cache a
  envoy CDS
  -> CDS a
  envoy CDS ack
  envoy SDS s
  cache a v=2 secret=s
  -> SDS s
  -> CDS a:2
  envoy SDS ack
  envoy CDS ack
  `,
);
