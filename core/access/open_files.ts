import type { Config } from "../config/config.ts";
import { type Access, type AccessOptions, openAccess } from "./access.ts";
import type { Followed } from "./follow.ts";
import { followListeners, type ListenerWithCertificate } from "./listener_certificates.ts";

type Server = "http" | "grpc" | "xds";

/** Everything in files that a Signalbox which runs takes up as it changes. */
export interface Files extends Readonly<Record<Server, Access>> {
  readonly listeners: Followed<readonly ListenerWithCertificate[]>;
  close(): Promise<void>;
}

/** Throws `invalid_config` where a file cannot be used, and leaves none open then. */
export async function openFiles(
  config: Config,
  { refused, ...options }: Omit<AccessOptions, "refused"> & { readonly refused: (server: Server) => void },
): Promise<Files> {
  await using guard = new AsyncDisposableStack();
  const open = async (server: Server) =>
    guard.adopt(
      await openAccess(server, config[server], { ...options, refused: () => refused(server) }),
      (access) => access.close(),
    );
  const listeners = guard.adopt(
    await followListeners(config.listeners, { ...options, now: Date.now }),
    (listeners) => listeners.close(),
  );
  const [http, grpc, xds] = [await open("http"), await open("grpc"), await open("xds")];
  const opened = guard.move();
  return { listeners, http, grpc, xds, close: () => opened.disposeAsync() };
}
