import { getLogger } from "@logtape/logtape";
import type { ListenerConfig } from "../config/config.ts";
import { readTlsFiles } from "../config/tls_files.ts";
import { type Issue, SignalboxError } from "../signalbox_error.ts";
import type { Timers } from "../timers.ts";
import { follow, type Followed } from "./follow.ts";

/** A listener with its certificate and private key as PEM text. */
export type ListenerWithCertificate = Omit<ListenerConfig, "tls"> & { readonly tls?: Pem };

interface Pem {
  readonly cert: string;
  readonly key: string;
  /** When the certificate expires. */
  readonly validTo: Date;
}

const log = getLogger(["signalbox", "listeners"]);

/** All listeners of Envoy with their certificates, as the files are now. Throws `invalid_config` with all that is wrong. */
export async function followListeners(
  listeners: readonly ListenerConfig[],
  { timers, now }: { readonly timers: Timers; readonly now: () => number },
): Promise<Followed<readonly ListenerWithCertificate[]>> {
  const issues: Issue[] = [];
  const certificates: (Followed<Pem> | undefined)[] = [];
  for (const [index, listener] of listeners.entries()) {
    certificates.push(
      await followOne(listener, index).catch((thrown) => {
        if (!(thrown instanceof SignalboxError)) throw thrown;
        issues.push(...thrown.issues);
        return undefined;
      }),
    );
  }
  const close = async () => void await Promise.all(certificates.map((certificate) => certificate?.close()));
  if (issues.length > 0) {
    await close();
    throw new SignalboxError("invalid_config", "Cannot use the listeners' certificates", { issues });
  }

  async function followOne({ name, tls }: ListenerConfig, index: number): Promise<Followed<Pem> | undefined> {
    if (!tls) return undefined;
    const followed = await follow<Pem>({
      read: async () => {
        const read = await readTlsFiles(tls, `listeners[${index}].tls`);
        return read.ok ? { ok: true, value: { cert: read.cert, key: read.key, validTo: read.validTo } } : read;
      },
      timers,
      failed: (issues) =>
        log.error("Cannot take up the new certificate of listener {listener}: the one before stays in use", {
          listener: name,
          issues,
        }),
    });
    warnOfExpiry(name, tls.cert, followed.current);
    followed.subscribe((pem) => {
      log.info("Listener {listener} has a new certificate", { listener: name, validTo: pem.validTo });
      warnOfExpiry(name, tls.cert, pem);
    });
    return followed;
  }

  /** Not refused: a restart must not take down what else still works. */
  function warnOfExpiry(listener: string, file: string, { validTo }: Pem): void {
    if (validTo.getTime() > now()) return;
    log.warn("The certificate of listener {listener} has expired", { listener, file, validTo });
  }

  const current = () =>
    listeners.map(({ tls: _, ...listener }, index): ListenerWithCertificate => {
      const tls = certificates[index]?.current;
      return tls ? { ...listener, tls } : listener;
    });
  return {
    get current() {
      return current();
    },
    subscribe(told) {
      const ends = certificates.map((certificate) => certificate?.subscribe(() => told(current())));
      return () => ends.forEach((end) => end?.());
    },
    close,
  };
}
