import { DeltaPeer } from "./delta_peer.ts";
import { testTranscript } from "./transcript.ts";

const test = (name: string, script: string) => testTranscript(`delta: ${name}`, () => new DeltaPeer(), script);

/** An Envoy that has session a in clusters and scopes. */
const BOTH = `
  cache a
  envoy CDS +*
  -> CDS a
  envoy CDS ack
  envoy SRDS +*
  -> SRDS a>a
  envoy SRDS ack
`;

test(
  "at first a scope waits for the clusters, however they come",
  `
  cache a
  envoy CDS +*
  -> CDS a
  envoy SRDS +*
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
  -> CDS b
  envoy CDS ack
  -> SRDS b>b
  envoy SRDS ack
  `,
);

test(
  "a session's scope is gone before its cluster goes",
  `
  ${BOTH}
  cache -a
  -> SRDS gone a
  envoy SRDS ack
  -> CDS gone a
  envoy CDS ack
  `,
);

test(
  "a session that moves to another cluster never has a moment without one",
  `
  ${BOTH}
  cache a cluster=a2
  -> CDS a2
  envoy CDS ack
  -> SRDS a>a2
  envoy SRDS ack
  -> CDS gone a
  envoy CDS ack
  `,
);

test(
  "a host that passes from one session to another is an update in place",
  `
  ${BOTH}
  cache -a; b hosts=a
  -> CDS b
  envoy CDS ack
  -> SRDS a>b
  envoy SRDS ack
  -> CDS gone a
  envoy CDS ack
  `,
);

test(
  "a host that is given up and taken in two changes is an update in place if they meet",
  `
  ${BOTH}
  cache x
  -> CDS x
  cache -a
  cache b hosts=a
  envoy CDS ack
  -> CDS b
  -> SRDS x>x
  envoy CDS ack
  envoy SRDS ack
  -> SRDS a>b
  envoy SRDS ack
  -> CDS gone a
  envoy CDS ack
  `,
);

test(
  "a change of nothing but the route does not wait for clusters that did not change",
  `
  ${BOTH}
  cache a route=r
  -> SRDS a>a:r
  envoy SRDS ack
  cache a route=r hosts=a,alias
  -> SRDS a>a:r alias>a:r
  envoy SRDS ack
  cache b
  -> CDS b
  cache a route=r2 hosts=a,alias
  envoy CDS ack
  -> SRDS a>a:r2 alias>a:r2 b>b
  envoy SRDS ack
  `,
);

test(
  "a cluster stays while a later change holds back the scope that left it",
  `
  ${BOTH}
  cache a cluster=a2
  -> CDS a2
  cache a cluster=a3
  envoy CDS ack
  -> CDS a3
  -> SRDS a>a2
  envoy CDS ack
  envoy SRDS ack
  -> CDS gone a
  -> SRDS a>a3
  envoy CDS ack
  envoy SRDS ack
  -> CDS gone a2
  envoy CDS ack
  `,
);

test(
  "clusters stay until the scope's removal is accepted, though it came in a rejected response",
  `
  ${BOTH}
  cache b; -a
  -> CDS b
  envoy CDS ack
  -> SRDS b>b gone a
  envoy SRDS nack
  ! SRDS b of b
  -> SRDS gone a
  envoy SRDS ack
  -> CDS gone a
  envoy CDS ack
  `,
);

test(
  "a scope that waits for its change after a bisection keeps its cluster",
  `
  ${BOTH}
  cache a cluster=a2; b
  -> CDS a2 b
  envoy CDS ack
  -> SRDS a>a2 b>b
  cache a cluster=a3
  -> CDS a3
  envoy SRDS nack
  -> SRDS a>a2
  envoy SRDS ack
  -> SRDS b>b
  envoy SRDS ack
  # Its change waits for the new cluster, and then the first may go.
  `,
);

test(
  "endpoints and secrets go after the cluster has gone",
  `
  cache a secret=s
  envoy SDS +s
  -> SDS s
  envoy SDS ack
  envoy CDS +*
  -> CDS a
  envoy CDS ack
  envoy EDS +a
  -> EDS a
  envoy EDS ack
  envoy SRDS +*
  -> SRDS a>a
  envoy SRDS ack
  cache -a
  -> SRDS gone a
  envoy SRDS ack
  -> CDS gone a
  envoy CDS ack
  -> SDS gone s
  -> EDS gone a
  envoy SDS ack
  envoy EDS ack
  `,
);

test(
  "a session that ends and comes back before its turn keeps its cluster",
  `
  ${BOTH}
  cache b
  -> CDS b
  cache -a
  cache a
  envoy CDS ack
  -> CDS a
  -> SRDS b>b
  envoy SRDS ack
  envoy CDS ack
  -> SRDS a>a
  envoy SRDS ack
  `,
);

test(
  "the route configuration waits for the clusters, and clusters for it",
  `
  cache a
  envoy CDS +*
  -> CDS a
  envoy RDS +sessions
  envoy CDS ack
  -> RDS sessions(a>a)
  envoy RDS ack
  cache b
  -> CDS b
  envoy CDS ack
  -> RDS sessions(a>a,b>b)
  envoy RDS ack
  cache -a
  -> RDS sessions(b>b)
  envoy RDS ack
  -> CDS gone a
  envoy CDS ack
  `,
);

test(
  "the route configuration goes out though clusters never rest",
  `
  cache a
  envoy CDS +*
  -> CDS a
  envoy RDS +sessions
  envoy CDS ack
  -> RDS sessions(a>a)
  envoy RDS ack
  cache b
  -> CDS b
  cache c
  envoy CDS ack
  -> CDS c
  -> RDS sessions(a>a,b>b)
  cache d
  envoy CDS ack
  -> CDS d
  envoy RDS ack
  -> RDS sessions(a>a,b>b,c>c)
  cache -b
  envoy RDS ack
  envoy CDS ack
  -> RDS sessions(a>a,c>c,d>d)
  envoy RDS ack
  -> CDS gone b
  envoy CDS ack
  `,
);

test(
  "virtual hosts on demand come after their clusters",
  `
  cache a
  envoy CDS +*
  -> CDS a
  envoy CDS ack
  envoy VHDS +*
  -> VHDS a>a nowhere.invalid
  envoy VHDS ack
  cache b
  -> CDS b
  envoy CDS ack
  -> VHDS b>b
  envoy VHDS ack
  cache -b
  -> VHDS gone b
  envoy VHDS ack
  -> CDS gone b
  envoy CDS ack
  `,
);

test(
  "two forms of the routes at once both hold a cluster back",
  `
  ${BOTH}
  envoy RDS +sessions
  -> RDS sessions(a>a)
  envoy RDS ack
  cache -a
  -> SRDS gone a
  -> RDS sessions()
  envoy RDS ack
  envoy SRDS ack
  -> CDS gone a
  envoy CDS ack
  `,
);

test(
  "a scope that went and came back before its turn is not taken away",
  `
  ${BOTH}
  cache b
  -> CDS b
  cache -a; y
  envoy CDS ack
  -> CDS y
  -> SRDS b>b
  cache a
  envoy SRDS ack
  envoy CDS ack
  -> CDS a
  -> SRDS y>y
  envoy SRDS ack
  envoy CDS ack
  -> SRDS a>a
  envoy SRDS ack
  `,
);

test(
  "a secret stays until the cluster that came back without it is accepted",
  `
  cache a secret=s
  envoy SDS +s
  -> SDS s
  envoy SDS ack
  ${BOTH.replace("cache a\n", "")}
  cache -a
  -> SRDS gone a
  cache a v=2
  -> CDS a:2
  envoy SRDS ack
  envoy CDS ack
  -> SDS gone s
  -> SRDS a>a
  envoy SDS ack
  envoy SRDS ack
  `,
);
