import { parseSession } from "../session/parse_session.ts";
import type { Session } from "../session/session.ts";
import { SignalboxError } from "../signalbox_error.ts";
import type { SampleRegistration } from "./plugin_tests.ts";

/** Sessions of every shape: plain, with aliases and labels, with several backends, over IPv6. */
export const SAMPLE_REGISTRATIONS: readonly SampleRegistration[] = [
  { id: "plain" },
  { id: "aliased", aliases: ["www.example.net", "a.example.net"], labels: { team: "blue", "example.org/tier": "1" } },
  {
    id: "several",
    backends: [{ address: "10.0.0.1", port: 8080, weight: 90 }, { address: "10.0.0.2", port: 8080, weight: 10 }],
  },
  { id: "six", host: "six.example.net", address: "2001:db8::6", port: 443, ttl: "5m" },
];

/** The session that is registered so. Throws `invalid_request` where it is not acceptable. */
export function sampleSession(registration: SampleRegistration): Session {
  const { address, port, backends, ...rest } = registration;
  const place = backends === undefined ? { address: address ?? "10.0.0.1", port: port ?? 50051 } : { backends };
  const parsed = parseSession({ id: "session-1", ...rest, ...place }, { domain: "example.org" });
  if (parsed.ok) return parsed.session;
  throw new SignalboxError("invalid_request", "Cannot register the sample: it is not acceptable", {
    issues: parsed.issues,
  });
}
