import { PollPeer } from "./poll_peer.ts";
import { testTranscript } from "./transcript.ts";

const peer = () => new PollPeer();

testTranscript(
  "a poll is answered at once where there is something, and else when there is",
  peer,
  `
  envoy CDS
  -> CDS empty
  envoy CDS
  cache a
  -> CDS a
  envoy CDS
  cache a; b
  -> CDS a b
  # Nobody waits, so what follows is one answer.
  cache c
  cache d; -c
  envoy CDS
  -> CDS a b d
  envoy CDS
  `,
);

testTranscript(
  "a poll that was given up is not answered, the next one is",
  peer,
  `
  envoy CDS
  -> CDS empty
  envoy CDS
  envoy CDS stops
  cache a
  envoy CDS
  -> CDS a
  `,
);

testTranscript(
  "a version is the acknowledgement: routes wait until the clusters' next poll has it",
  peer,
  `
  envoy CDS
  -> CDS empty
  envoy SRDS
  envoy CDS
  -> SRDS empty
  envoy SRDS
  cache a
  -> CDS a
  envoy CDS
  -> SRDS a>a
  envoy SRDS
  # The other way round: the route first.
  cache -a
  -> SRDS empty
  envoy SRDS
  -> CDS empty
  envoy CDS
  `,
);

testTranscript(
  "routes that nobody waits for are told as they are when their poll comes",
  peer,
  `
  envoy CDS
  -> CDS empty
  envoy CDS
  envoy SRDS
  -> SRDS empty
  cache a
  -> CDS a
  envoy CDS
  cache b
  -> CDS a b
  envoy CDS
  envoy SRDS
  -> SRDS a>a b>b
  `,
);

testTranscript(
  "an answer that was not taken is given again, and what has changed meanwhile comes after it",
  peer,
  `
  envoy CDS
  -> CDS empty
  envoy CDS
  cache a
  -> CDS a
  cache b
  envoy CDS refuses
  -> CDS a
  envoy CDS
  -> CDS a b
  `,
);

testTranscript(
  "an answer that was not taken three times is taken for rejected, and its culprit is found",
  peer,
  `
  envoy CDS
  -> CDS empty
  envoy CDS
  cache a; b
  -> CDS a b
  envoy CDS refuses
  -> CDS a b
  envoy CDS refuses
  -> CDS a b
  envoy CDS refuses
  -> CDS a
  envoy CDS refuses
  -> CDS a
  envoy CDS refuses
  -> CDS a
  envoy CDS refuses
  ! CDS a of a
  -> CDS b
  envoy CDS
  # It is given again when it has changed.
  cache a v=2
  -> CDS a:2 b
  envoy CDS
  `,
);

testTranscript(
  "a route does not go to those who do not take its cluster",
  peer,
  `
  envoy CDS
  -> CDS empty
  envoy CDS
  envoy SRDS
  -> SRDS empty
  envoy SRDS
  cache a
  -> CDS a
  envoy CDS refuses
  -> CDS a
  envoy CDS refuses
  -> CDS a
  `,
);

testTranscript(
  "after a restart of Signalbox nothing is told that Envoy has",
  peer,
  `
  cache a; b
  envoy CDS
  -> CDS a b
  envoy CDS
  envoy LDS
  -> LDS ingress
  envoy SRDS
  -> SRDS a>a b>b
  envoy SRDS
  restart
  envoy SRDS
  envoy LDS
  envoy CDS
  cache c
  -> CDS a b c
  envoy CDS
  -> SRDS a>a b>b c>c
  envoy LDS
  `,
);

testTranscript(
  "after a restart of Signalbox a route waits for the clusters, though its poll comes first",
  peer,
  `
  cache a
  envoy CDS
  -> CDS a
  envoy SRDS
  envoy CDS
  -> SRDS a>a
  envoy SRDS
  restart
  cache b
  envoy SRDS
  envoy CDS
  -> CDS a b
  envoy CDS
  -> SRDS a>a b>b
  `,
);

testTranscript(
  "an Envoy that has started again is told everything",
  peer,
  `
  cache a
  envoy CDS
  -> CDS a
  envoy CDS
  envoy SRDS
  -> SRDS a>a
  envoy SRDS
  envoy CDS fresh
  ! new stream
  -> CDS a
  envoy SRDS fresh
  envoy CDS
  -> SRDS a>a
  `,
);

testTranscript(
  "an Envoy that has a version of somebody else is told everything",
  peer,
  `
  cache a
  envoy CDS
  -> CDS a
  envoy CDS
  envoy CDS odd
  ! new stream
  -> CDS a
  envoy CDS
  `,
);

testTranscript(
  "subscriptions of one type poll each on their own",
  peer,
  `
  cache a secret=x; b secret=y
  envoy SDS x
  -> SDS x
  envoy SDS y
  -> SDS y
  envoy SDS z
  envoy SDS x
  envoy SDS y
  cache c secret=z
  -> SDS z
  envoy SDS z
  `,
);

testTranscript(
  "a cluster goes when every subscription to routes has taken that it is not needed",
  peer,
  `
  cache a
  envoy CDS
  -> CDS a
  envoy RDS sessions
  envoy RDS sessions other
  envoy CDS
  -> RDS sessions(a>a)
  -> RDS sessions(a>a)
  envoy RDS sessions
  envoy RDS sessions other
  cache -a
  -> RDS sessions()
  -> RDS sessions()
  envoy RDS sessions
  envoy RDS sessions other
  -> CDS empty
  `,
);
