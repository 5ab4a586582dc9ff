import { DeltaPeer } from "./delta_peer.ts";
import { testTranscript } from "./transcript.ts";

const ON_DEMAND = { onDemand: true };

testTranscript(
  "on demand, who asks for all virtual hosts is answered with the one that belongs to no session",
  () => new DeltaPeer(),
  `
  cache a; b
  envoy VHDS
  -> VHDS nowhere.invalid
  envoy VHDS ack
  cache c
  envoy VHDS +a
  -> VHDS a>a
  envoy VHDS ack
  cache a route=2; b route=2
  -> VHDS a>a:2
  envoy VHDS ack
  # Envoy says "*" as well when it has asked for a name.
  envoy VHDS +* +b
  -> VHDS b>b:2 nowhere.invalid
  envoy VHDS ack
  cache -a; c route=2
  -> VHDS gone a
  envoy VHDS ack
  `,
  ON_DEMAND,
);

testTranscript(
  "on demand, who asks for all clusters has none of a session, and gets those that it names",
  () => new DeltaPeer(),
  `
  cache a; b
  envoy CDS
  -> CDS empty
  envoy CDS ack
  envoy CDS +a +x
  -> CDS a gone x
  envoy CDS ack
  cache b v=2; x
  -> CDS x
  envoy CDS ack
  cache a v=2; c
  -> CDS a:2
  envoy CDS ack
  `,
  ON_DEMAND,
);

testTranscript(
  "on demand, a reconnect brings what changed of what Envoy had asked for",
  () => new DeltaPeer(),
  `
  cache a; b; c
  envoy CDS
  -> CDS empty
  envoy CDS ack +a +b
  -> CDS a b
  envoy CDS ack
  restart
  envoy CDS again
  cache a v=2; c v=2
  -> CDS a:2
  envoy CDS ack
  `,
  ON_DEMAND,
);

testTranscript(
  "names that nobody has are pushed when they come into being, those too that had to make room for others",
  () => new DeltaPeer({ maxUnknownNames: 2 }),
  `
  envoy CDS +a +b
  -> CDS gone a b
  envoy CDS ack
  envoy CDS +c +d
  -> CDS gone c d
  envoy CDS ack
  cache a; d; other
  -> CDS a d
  envoy CDS ack
  # It is subscribed to as it was.
  cache a v=2
  -> CDS a:2
  envoy CDS ack
  cache -a
  -> CDS gone a
  envoy CDS ack
  `,
);

testTranscript(
  "a name that had to make room is answered when it is asked for again",
  () => new DeltaPeer({ maxUnknownNames: 1 }),
  `
  envoy CDS +a
  -> CDS gone a
  envoy CDS ack +b
  -> CDS gone b
  envoy CDS ack +a
  -> CDS gone a
  envoy CDS ack
  `,
);
