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
  "a session whose new cluster is rejected keeps its route and what it leads to, and holds up nobody",
  `
  ${BOTH}
  cache a cluster=a2 v=bad; b
  -> CDS a a2:bad b
  envoy CDS nack
  -> CDS a a2:bad
  envoy CDS nack
  ! CDS a2 of a
  -> CDS a b
  envoy CDS ack
  -> SRDS a>a b>b
  envoy SRDS ack
  cache -b
  -> SRDS a>a
  envoy SRDS ack
  -> CDS a
  envoy CDS ack
  cache a cluster=a3
  -> CDS a a3
  envoy CDS ack
  -> SRDS a>a3
  envoy SRDS ack
  -> CDS a3
  envoy CDS ack
  `,
);

test(
  "a session that goes back to the cluster that it had goes on",
  `
  ${BOTH}
  cache a cluster=a2 v=bad
  -> CDS a a2:bad
  envoy CDS nack
  ! CDS a2 of a
  cache a route=r
  -> SRDS a>a:r
  envoy SRDS ack
  `,
);

test(
  "a session whose new scope is rejected keeps the cluster that the earlier one leads to",
  `
  ${BOTH}
  cache a cluster=a2 route=bad
  -> CDS a a2
  envoy CDS ack
  -> SRDS a>a2:bad
  envoy SRDS nack
  ! SRDS a of a
  cache b
  -> CDS a a2 b
  envoy CDS ack
  -> SRDS a>a b>b
  envoy SRDS ack
  cache -a
  -> SRDS b>b
  envoy SRDS ack
  -> CDS b
  envoy CDS ack
  `,
);

test(
  "who comes back and rejects all that there is to send is told what is left all the same",
  `
  cache a; b
  envoy CDS
  -> CDS a b
  envoy CDS ack
  reconnect
  cache a v=bad; -b
  envoy CDS again
  -> CDS a:bad
  envoy CDS nack
  ! CDS a of a
  -> CDS empty
  envoy CDS ack
  cache c
  -> CDS c
  envoy CDS ack
  `,
);
