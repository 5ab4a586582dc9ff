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
  "a session whose new cluster is rejected keeps its route and what it leads to, and holds up nobody",
  `
  ${BOTH}
  cache a cluster=a2 v=bad; b
  -> CDS a2:bad b
  envoy CDS nack
  -> CDS a2:bad
  envoy CDS nack
  ! CDS a2 of a
  -> CDS b
  envoy CDS ack
  -> SRDS b>b
  envoy SRDS ack
  cache -b
  -> SRDS gone b
  envoy SRDS ack
  -> CDS gone b
  envoy CDS ack
  cache a cluster=a2 v=bad route=r
  cache a cluster=a3 route=r
  -> CDS a3
  envoy CDS ack
  -> SRDS a>a3:r
  envoy SRDS ack
  -> CDS gone a a2
  envoy CDS ack
  `,
);

test(
  "a session that goes back to the cluster that it had goes on",
  `
  ${BOTH}
  cache a cluster=a2 v=bad
  -> CDS a2:bad
  envoy CDS nack
  ! CDS a2 of a
  cache a route=r
  -> CDS a
  envoy CDS ack
  -> SRDS a>a:r
  envoy SRDS ack
  -> CDS gone a2
  envoy CDS ack
  `,
);

test(
  "a session whose new cluster was rejected ends in the order in which others do",
  `
  ${BOTH}
  cache a cluster=a2 v=bad
  -> CDS a2:bad
  envoy CDS nack
  ! CDS a2 of a
  cache -a
  -> SRDS gone a
  envoy SRDS ack
  -> CDS gone a a2
  envoy CDS ack
  `,
);

test(
  "a session whose new scope is rejected keeps the cluster that the earlier one leads to",
  `
  ${BOTH}
  cache b
  -> CDS b
  envoy CDS ack
  -> SRDS b>b
  envoy SRDS ack
  cache a cluster=a2 route=bad; -b
  -> CDS a2
  envoy CDS ack
  -> SRDS a>a2:bad gone b
  envoy SRDS nack
  ! SRDS a of a
  -> SRDS gone b
  envoy SRDS ack
  -> CDS gone b
  envoy CDS ack
  cache a cluster=a3
  -> CDS a3
  envoy CDS ack
  -> SRDS a>a3
  envoy SRDS ack
  -> CDS gone a a2
  envoy CDS ack
  `,
);

test(
  "a secret stays while the cluster that uses it could not be changed",
  `
  cache a secret=s; b secret=t
  envoy SDS +s +t
  -> SDS s t
  envoy SDS ack
  envoy CDS +*
  -> CDS a b
  envoy CDS ack
  cache a v=bad; b v=2
  -> CDS a:bad b:2
  envoy CDS nack
  -> CDS a:bad
  envoy CDS nack
  ! CDS a of a
  -> CDS b:2
  envoy CDS ack
  -> SDS gone t
  envoy SDS ack
  cache a v=2
  -> CDS a:2
  envoy CDS ack
  -> SDS gone s
  envoy SDS ack
  `,
);

test(
  "a virtual host that waits for a rejected cluster is answered as if it were not there, and pushed when it can be had",
  `
  cache a v=bad
  envoy CDS +*
  -> CDS a:bad
  envoy CDS nack
  ! CDS a of a
  envoy VHDS +a
  -> VHDS unknown a
  envoy VHDS ack
  cache a v=2
  -> CDS a:2
  envoy CDS ack
  -> VHDS a>a
  envoy VHDS ack
  `,
);

test(
  "while a route configuration with all sessions is rejected, every cluster stays that its earlier form may name",
  `
  cache a; b
  envoy CDS +*
  -> CDS a b
  envoy CDS ack
  envoy RDS +sessions
  -> RDS sessions(a>a,b>b)
  envoy RDS ack
  cache a route=bad; -b
  -> RDS sessions(a>a:bad)
  envoy RDS nack
  ! RDS sessions
  cache a
  -> RDS sessions(a>a)
  envoy RDS ack
  -> CDS gone b
  envoy CDS ack
  `,
);

test(
  "clusters that went while Envoy was away stay while anything is rejected that may have led to them",
  `
  cache a; b
  envoy CDS +*
  -> CDS a b
  envoy CDS ack
  envoy SRDS +*
  -> SRDS a>a b>b
  envoy SRDS ack
  restart
  cache a cluster=a2 v=bad; -b
  envoy CDS again
  -> CDS a2:bad
  envoy SRDS again
  envoy CDS nack
  ! CDS a2 of a
  -> SRDS gone b
  envoy SRDS ack
  cache a cluster=a2 v=2
  -> CDS a2:2
  envoy CDS ack
  -> SRDS a>a2
  envoy SRDS ack
  -> CDS gone a b
  envoy CDS ack
  `,
);

test(
  "a scope as it stood when its cluster was rejected is not sent when the cluster is gone",
  `
  envoy CDS +*
  -> CDS empty
  envoy CDS ack
  envoy SRDS +*
  -> SRDS empty
  envoy SRDS ack
  cache a v=bad
  -> CDS a:bad
  cache a cluster=a2
  envoy CDS nack
  ! CDS a of a
  -> CDS a2
  envoy CDS ack
  -> SRDS a>a2
  envoy SRDS ack
  -> CDS gone a
  envoy CDS ack
  `,
);

test(
  "a secret that went while Envoy was away stays as long as the cluster that used it",
  `
  cache a secret=s; b
  envoy SDS +s
  -> SDS s
  envoy SDS ack
  envoy CDS +*
  -> CDS a b
  envoy CDS ack
  envoy SRDS +*
  -> SRDS a>a b>b
  envoy SRDS ack
  restart
  cache a cluster=a2; b route=bad
  envoy SDS again
  -> SDS empty
  envoy CDS again
  -> CDS a2
  envoy SRDS again
  envoy SDS ack
  envoy CDS ack
  -> SRDS a>a2 b>b:bad
  envoy SRDS nack
  -> SRDS a>a2
  envoy SRDS ack
  -> SRDS b>b:bad
  envoy SRDS nack
  ! SRDS b of b
  cache b
  -> SRDS b>b
  envoy SRDS ack
  -> CDS gone a
  envoy CDS ack
  -> SDS gone s
  `,
);

test(
  "a scope does not come before the bisection knows of its cluster, though that is replaced meanwhile",
  `
  cache b
  envoy CDS +*
  -> CDS b
  envoy SRDS +*
  envoy CDS ack
  -> SRDS b>b
  envoy SRDS ack
  cache a; b v=2
  -> CDS a b:2
  cache a cluster=a2
  envoy CDS nack
  -> CDS b:2
  envoy CDS ack
  -> CDS a2
  envoy CDS ack
  -> SRDS a>a2
  envoy SRDS ack
  -> CDS gone a
  `,
);

test(
  "a scope as it stood when its cluster was rejected is not sent however late its turn comes",
  `
  envoy CDS +*
  -> CDS empty
  envoy CDS ack
  envoy EDS +a
  -> EDS gone a
  envoy EDS ack
  envoy SRDS +*
  -> SRDS empty
  envoy SRDS ack
  cache a v=bad
  -> CDS a:bad
  cache a cluster=a2
  envoy CDS nack
  ! CDS a of a
  -> CDS a2
  -> EDS a
  envoy CDS ack
  envoy EDS ack
  -> SRDS a>a2
  envoy SRDS ack
  -> CDS gone a
  envoy CDS ack
  -> EDS gone a
  `,
);

test(
  "a secret stays as long as the cluster that used it, though the session ends while a bisection goes on",
  `
  cache a secret=s; b
  envoy SDS +s
  -> SDS s
  envoy SDS ack
  envoy CDS +*
  -> CDS a b
  envoy CDS ack
  envoy SRDS +*
  -> SRDS a>a b>b
  envoy SRDS ack
  reconnect
  cache a v=bad; b v=2
  envoy SDS again
  -> SDS empty
  envoy CDS again
  -> CDS a:bad b:2
  envoy SRDS again
  cache -a
  envoy SDS ack
  envoy CDS nack
  -> CDS b:2
  envoy CDS ack
  -> SRDS gone a
  envoy SRDS ack
  -> CDS gone a
  envoy CDS ack
  -> SDS gone s
  `,
);

test(
  "who does not want any more what it rejects is not waited for",
  `
  ${BOTH}
  cache a cluster=a2 route=bad
  -> CDS a2
  envoy CDS ack
  -> SRDS a>a2:bad
  envoy SRDS -*
  envoy SRDS nack
  ! SRDS a of a
  -> CDS gone a
  envoy CDS ack
  `,
);
