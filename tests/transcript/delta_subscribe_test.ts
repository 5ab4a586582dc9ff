import { DeltaPeer } from "./delta_peer.ts";
import { testTranscript } from "./transcript.ts";

const test = (name: string, script: string) => testTranscript(`delta: ${name}`, () => new DeltaPeer(), script);

test(
  "an explicit * is everything, though that be nothing",
  `
  envoy CDS +*
  -> CDS empty
  envoy CDS ack
  cache a
  -> CDS a
  envoy CDS ack
  `,
);

test(
  "an empty first request is the legacy wildcard, and goes on when a name is added",
  `
  cache a
  envoy CDS
  -> CDS a
  envoy CDS ack
  cache b
  -> CDS b
  envoy CDS ack
  envoy CDS +a
  -> CDS a
  envoy CDS ack
  cache c
  -> CDS c
  envoy CDS ack
  # Only * ends it.
  envoy CDS -*
  cache a v=2; c v=2
  -> CDS a:2
  envoy CDS ack
  `,
);

test(
  "a request without names is no wildcard once names were given",
  `
  cache a; b
  envoy CDS +a
  -> CDS a
  envoy CDS ack
  envoy CDS
  envoy CDS -a
  envoy CDS
  cache a v=2; c
  `,
);

test(
  "subscribing always sends, even what Envoy has",
  `
  cache a
  envoy CDS +a
  -> CDS a
  envoy CDS ack
  envoy CDS +a
  -> CDS a
  envoy CDS ack
  envoy CDS +*
  -> CDS a
  envoy CDS ack
  envoy CDS +*
  -> CDS a
  envoy CDS ack
  `,
);

test(
  "a name twice in a request is sent once",
  `
  cache a
  envoy CDS +a +a +none +none
  -> CDS a gone none
  envoy CDS ack
  `,
);

test(
  "unsubscribing is not answered, and ends the updates",
  `
  cache a; b
  envoy CDS +a +b
  -> CDS a b
  envoy CDS ack
  envoy CDS -a
  cache a v=2; b v=2
  -> CDS b:2
  envoy CDS ack
  cache -a
  envoy CDS -b
  cache -b
  `,
);

test(
  "unsubscribe and resubscribe sends again",
  `
  cache a
  envoy CDS +a
  -> CDS a
  envoy CDS ack
  envoy CDS -a
  envoy CDS +a
  -> CDS a
  envoy CDS ack
  `,
);

test(
  "a name that is unsubscribed while a response is in flight is not sent after it",
  `
  cache a; b
  envoy CDS +a
  -> CDS a
  envoy CDS +b
  envoy CDS -b
  cache a v=2
  envoy CDS -a
  envoy CDS ack
  `,
);

test(
  "unsubscribing a name while * is on is answered with what * says of it",
  `
  cache a
  envoy CDS +* +a +none
  -> CDS a gone none
  envoy CDS ack
  envoy CDS -a -none
  -> CDS a gone none
  envoy CDS ack
  cache a v=2; none
  -> CDS a:2 none
  envoy CDS ack
  `,
);

test(
  "names stay when * goes, and nothing that only * asked for is sent",
  `
  cache a; b; c
  envoy CDS +* +a
  -> CDS a b c
  cache b v=2
  cache -c
  envoy CDS -*
  envoy CDS ack
  cache a v=2; b v=3; d
  -> CDS a:2
  envoy CDS ack
  `,
);

test(
  "what * asked for and could not be sent yet is not sent after it was given up",
  `
  cache a; b
  envoy CDS +*
  -> CDS a b
  envoy SRDS +* has a=old
  envoy SRDS -*
  envoy CDS ack
  envoy SRDS +b
  -> SRDS b>b
  envoy SRDS ack
  `,
);

test(
  "an unknown name is answered at once, and pushed when it comes into being",
  `
  envoy CDS +a
  -> CDS gone a
  envoy CDS ack
  cache b
  cache a
  -> CDS a
  envoy CDS ack
  cache -a
  -> CDS gone a
  envoy CDS ack
  cache a v=2
  -> CDS a:2
  envoy CDS ack
  `,
);

test(
  "an unknown cluster on demand does not wait for the scopes",
  `
  cache a
  envoy CDS +a
  -> CDS a
  envoy CDS ack
  envoy SRDS +*
  -> SRDS a>a
  envoy CDS +b +c
  -> CDS gone b c
  envoy CDS ack
  envoy SRDS ack
  `,
);

test(
  "an unknown virtual host is answered by a resource without a body, and pushed when it comes into being",
  `
  envoy VHDS +*
  -> VHDS nowhere.invalid
  envoy VHDS ack
  envoy VHDS +b
  -> VHDS unknown b
  envoy VHDS ack
  cache b
  -> VHDS b>b
  envoy VHDS ack
  cache -b
  -> VHDS gone b
  envoy VHDS ack
  `,
);

test(
  "secrets have no wildcard",
  `
  cache a secret=s
  envoy SDS
  -> SDS empty
  envoy SDS ack
  envoy SDS +*
  -> SDS empty
  envoy SDS ack
  cache b secret=t
  envoy SDS +s +u
  -> SDS s gone u
  envoy SDS ack
  cache a secret=s v=2
  cache c secret=u
  -> SDS u
  envoy SDS ack
  `,
);

test(
  "listeners, endpoints and the empty VHDS route configuration are there for who asks",
  `
  cache a
  envoy LDS
  -> LDS ingress
  envoy LDS ack
  envoy EDS +a
  -> EDS a
  envoy EDS ack
  envoy RDS +sessions-vhds
  -> RDS sessions-vhds()
  envoy RDS ack
  `,
);
