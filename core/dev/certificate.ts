import { generate } from "selfsigned";

/** A certificate for a laptop, in PEM. The authority's own key is thrown away: nothing more can be signed with it. */
export interface DevCertificate {
  /** What a client has to trust. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** When `cert` and `ca` end. */
  readonly notAfter: Date;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** An authority made on the spot, and its certificate for `domain`, `*.<domain>`, localhost and the loopback addresses. */
export async function createDevCertificate(
  domain: string,
  options: { readonly now: Date; readonly days?: number },
): Promise<DevCertificate> {
  // A day back: a clock that is a little behind (a virtual machine's) must not refuse it.
  const notBefore = new Date(options.now.getTime() - DAY_MS);
  const notAfter = new Date(options.now.getTime() + (options.days ?? 30) * DAY_MS);
  const shared = {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    notBeforeDate: notBefore,
    notAfterDate: notAfter,
  } as const;
  const authority = await generate([{ name: "commonName", value: "Signalbox laptop authority" }], {
    ...shared,
    extensions: [
      { name: "basicConstraints", cA: true, pathLenConstraint: 0, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const leaf = await generate([{ name: "commonName", value: `*.${domain}` }], {
    ...shared,
    ca: { key: authority.private, cert: authority.cert },
    extensions: [
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: [
          { type: 2, value: `*.${domain}` },
          { type: 2, value: domain },
          { type: 2, value: "localhost" },
          { type: 7, ip: "127.0.0.1" },
          { type: 7, ip: "::1" },
        ],
      },
    ],
  });
  return { ca: pemLines(authority.cert), cert: pemLines(leaf.cert), key: pemLines(leaf.private), notAfter };
}

/** One newline at the end, so that files can be put together with `cat`. */
function pemLines(pem: string): string {
  return pem.replaceAll("\r\n", "\n").trimEnd() + "\n";
}
