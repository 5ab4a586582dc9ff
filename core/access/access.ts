import { getLogger } from "@logtape/logtape";
import type { AccessConfig, TokenHash } from "../config/config.ts";
import { isClosed } from "../config/exposure.ts";
import { readTlsFiles } from "../config/tls_files.ts";
import { readTokensFile } from "../config/tokens_file.ts";
import { type Issue, SignalboxError } from "../signalbox_error.ts";
import type { Timers } from "../timers.ts";
import { follow, type Followed } from "./follow.ts";
import { type Identity, isNamed } from "./identity.ts";
import { findToken } from "./token.ts";

/** A server's certificate, in PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  /** Whose certificates clients may have; absent: none is asked for. */
  readonly clientCa?: string;
}

/** What a client shows. */
export interface Claims {
  /** The `authorization` header. */
  readonly authorization?: string | undefined;
  /** Its certificate (DER), which the authorities of `clientCa` have signed. */
  readonly certificate?: Uint8Array<ArrayBuffer> | undefined;
  /** Where it is, for the log. */
  readonly address?: string | undefined;
}

/** How one server proves to be itself, and who may use it. Follows its files. */
export interface Access {
  /** Absent: cleartext. */
  readonly certificate?: Followed<Certificate>;
  /** Whether a client without a certificate has no other way to prove who it is. */
  readonly needsCertificate: boolean;
  /** Who the client is; `undefined` where it has not proven to be somebody who may come in. */
  identify(claims: Claims): Identity | undefined;
  /** A client's TLS handshake failed, on its side or on ours, as `reason` says. */
  handshakeFailed(address: string | undefined, reason: string): void;
  close(): Promise<void>;
}

/** Cleartext, and open to everybody. */
export const OPEN_ACCESS: Access = {
  needsCertificate: false,
  identify: () => [],
  handshakeFailed() {},
  close: () => Promise.resolve(),
};

export interface AccessOptions {
  readonly timers: Timers;
  /** Milliseconds that never go back. */
  readonly nowMs: () => number;
  /** Told of every client that is not let in. */
  readonly refused: () => void;
}

const log = getLogger(["signalbox", "access"]);

/** `server` is the key in the config, as `http`. Throws `invalid_config` where a file cannot be used. */
export async function openAccess(
  server: string,
  { tls, tokens, tokensFile }: AccessConfig,
  { timers, nowMs, refused }: AccessOptions,
): Promise<Access> {
  const issues: Issue[] = [];
  const open: Followed<unknown>[] = [];

  async function followed<Value>(what: string, read: Parameters<typeof follow<Value>>[0]["read"]) {
    const failed = (issues: readonly Issue[]) =>
      log.error("Cannot take up a new {what}: what was there before stays in use", {
        what: `${server} ${what}`,
        issues,
      });
    try {
      const opened = await follow<Value>({ read, timers, failed });
      open.push(opened);
      opened.subscribe(() => log.info("A new {what} is in use", { what: `${server} ${what}` }));
      return opened;
    } catch (thrown) {
      if (!(thrown instanceof SignalboxError)) throw thrown;
      issues.push(...thrown.issues);
      return undefined;
    }
  }

  const certificate = tls && await followed<Certificate>("certificate", async () => {
    const read = await readTlsFiles(tls, `${server}.tls`);
    if (!read.ok) return read;
    const { cert, key, clientCa } = read;
    return { ok: true, value: { cert, key, ...(clientCa !== undefined && { clientCa }) } };
  });
  const fileTokens = tokensFile === undefined ? undefined : await followed<readonly TokenHash[]>("token", async () => {
    const read = await readTokensFile(tokensFile, `${server}.tokensFile`);
    return read.ok ? { ok: true, value: read.tokens } : read;
  });
  const close = async () => void await Promise.all(open.map((followed) => followed.close()));
  if (issues.length > 0) {
    await close();
    throw new SignalboxError("invalid_config", `Cannot use the files of "${server}"`, { issues });
  }

  const closed = isClosed({ ...(tls && { tls }), tokens, ...(tokensFile !== undefined && { tokensFile }) });
  // Only who has certificates to read needs what reads them.
  const namesOf = tls?.clientCa === undefined ? undefined : (await import("./certificate_names.ts")).namesOfCertificate;

  function byCertificate(der: Uint8Array<ArrayBuffer> | undefined): Identity {
    if (!namesOf || der === undefined) return [];
    const names = namesOf(der);
    return tls?.clientNames === undefined || isNamed(names, tls.clientNames) ? names : [];
  }

  function byToken(authorization = ""): Identity {
    const presented = presentedToken(authorization);
    if (presented === undefined) return [];
    const name = findToken([...tokens, ...fileTokens?.current ?? []], presented);
    return name === undefined ? [] : [`token:${name}`];
  }

  const logRefusal = createRefusalLog("A client is refused: it has not proven who it is", { server, nowMs });
  const logHandshake = createRefusalLog("A client is refused: the TLS handshake failed", { server, nowMs });
  return {
    ...(certificate && { certificate }),
    needsCertificate: closed && tokens.length === 0 && tokensFile === undefined,
    identify({ authorization, certificate, address }) {
      const identity = [...byCertificate(certificate), ...byToken(authorization)];
      if (!closed || identity.length > 0) return identity;
      refused();
      logRefusal({ address, certificate: certificate !== undefined, token: authorization !== undefined });
      return undefined;
    },
    handshakeFailed(address, reason) {
      refused();
      logHandshake({ address, reason });
    },
    close,
  };
}

/** For whom `identify()` has not let in. Tells nobody more than what he has shown himself. */
export function missingProof({ authorization = "" }: Pick<Claims, "authorization">): string {
  return presentedToken(authorization) === undefined
    ? "a bearer token or a client's certificate is needed"
    : "the bearer token is not known";
}

function presentedToken(authorization: string): string | undefined {
  return /^Bearer +([^ ]+)$/i.exec(authorization)?.[1];
}

const REFUSALS_LOGGED_EVERY_MS = 1000;

/** A line a second at most: whoever is refused can try as often as he likes. Never what he showed, which may be a slip. */
function createRefusalLog(
  message: string,
  { server, nowMs }: { readonly server: string; readonly nowMs: () => number },
): (shown: Readonly<Record<string, unknown>>) => void {
  let unsaid = 0;
  let saidAtMs = -Infinity;
  return (shown) => {
    unsaid++;
    const now = nowMs();
    if (now - saidAtMs < REFUSALS_LOGGED_EVERY_MS) return;
    log.warn(message, { server, ...shown, times: unsaid });
    saidAtMs = now;
    unsaid = 0;
  };
}
