import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Issue } from "../signalbox_error.ts";
import type { ServerTlsFiles } from "./config.ts";
import { fileFailure } from "../file_failure.ts";

export type TlsPem =
  | {
    readonly ok: true;
    /** PEM: the certificate, then its chain. */
    readonly cert: string;
    readonly key: string;
    /** PEM: whose certificates clients may have; absent where none is asked for. */
    readonly clientCa?: string;
    /** When the certificate expires. */
    readonly validTo: Date;
  }
  | { readonly ok: false; readonly issues: readonly Issue[]; readonly validTo?: Date };

/** A certificate and its private key, which fit together. `path` is where `files` stand in the config. */
export async function readTlsFiles(files: ServerTlsFiles, path: string): Promise<TlsPem> {
  const cert = await readPem(files.cert, "certificate", (pem) => new X509Certificate(pem));
  const key = await readPem(files.key, "private key", (pem) => createPrivateKey(pem));
  const clientCa = files.clientCa === undefined ? undefined : await readPem(files.clientCa, "certificate", parseAll);
  const issues: Issue[] = [];
  if (!cert.ok) issues.push({ path: `${path}.cert`, message: cert.message });
  if (!key.ok) issues.push({ path: `${path}.key`, message: key.message });
  if (clientCa?.ok === false) issues.push({ path: `${path}.clientCa`, message: clientCa.message });
  if (!cert.ok || !key.ok) return { ok: false, issues: issues };
  const validTo = new Date(cert.parsed.validTo);
  if (!cert.parsed.checkPrivateKey(key.parsed)) {
    const message = `"${files.key}" is not the key of "${files.cert}"`;
    return { ok: false, issues: [{ path: `${path}.key`, message }, ...issues], validTo };
  }
  if (issues.length > 0) return { ok: false, issues, validTo };
  return { ok: true, cert: cert.pem, key: key.pem, ...(clientCa?.ok && { clientCa: clientCa.pem }), validTo };
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** All certificates of a text; throws where one, or the only one, cannot be read. */
function parseAll(pem: string): readonly X509Certificate[] {
  return (pem.match(CERTIFICATE) ?? [pem]).map((one) => new X509Certificate(one));
}

type Read<T> =
  | { readonly ok: true; readonly pem: string; readonly parsed: T }
  | { readonly ok: false; readonly message: string };

async function readPem<T>(file: string, what: string, parse: (pem: string) => T): Promise<Read<T>> {
  let pem: string;
  try {
    pem = await readFile(file, "utf8");
  } catch (thrown) {
    return { ok: false, message: `cannot read "${file}": ${fileFailure(thrown)}` };
  }
  try {
    return { ok: true, pem, parsed: parse(pem) };
  } catch {
    // What the parser says is about its insides: "nom error", "DECODER routines".
    const state = pem.includes("ENCRYPTED") ? "is encrypted: it must have no passphrase" : `has no ${what} in PEM`;
    return { ok: false, message: `"${file}" ${state}` };
  }
}
