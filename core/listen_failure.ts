import { SignalboxError } from "./signalbox_error.ts";

/** Why a server cannot listen, as `address_in_use`: with the key of the config (`server`, as `http`) by which that changes. */
export function listenFailure(
  server: "http" | "xds" | "grpc",
  place: string,
  cause: Error,
): SignalboxError {
  const [key, state] = reasonOf(cause.message);
  return new SignalboxError("address_in_use", `Cannot listen on "${place}" (${server}.${key}): ${state}`, { cause });
}

/** gRPC gives the system's code in its text alone. */
function reasonOf(message: string): readonly [key: "address" | "port", state: string] {
  if (/EADDRINUSE/.test(message)) return ["port", "the port is taken"];
  // Some systems have the other word for it.
  if (/EADDRNOTAVAIL|EINVAL/.test(message)) return ["address", "this machine does not have the address"];
  if (/EACCES/.test(message)) return ["port", "the port is for privileged processes"];
  return ["address", message];
}
