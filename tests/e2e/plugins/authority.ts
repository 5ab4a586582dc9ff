import { generate } from "selfsigned";

/** A certificate and its private key, in PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** One who signs certificates. */
export interface Authority {
  /** What whoever trusts it has to have. */
  readonly ca: string;
  /** For servers and clients, by any of these names. Each has another serial number. */
  issue(names: { readonly dns?: readonly string[]; readonly uri?: string }): Promise<Certificate>;
}

const VALID = {
  keyType: "ec",
  curve: "P-256",
  algorithm: "sha256",
  notBeforeDate: new Date(Date.now() - 86_400_000),
  notAfterDate: new Date(Date.now() + 86_400_000),
} as const;

export async function createAuthority(name: string): Promise<Authority> {
  const authority = await generate([{ name: "commonName", value: name }], {
    ...VALID,
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, critical: true },
    ],
  });
  return {
    ca: authority.cert,
    async issue({ dns = [], uri }) {
      const leaf = await generate([{ name: "commonName", value: dns[0] ?? name }], {
        ...VALID,
        ca: { key: authority.private, cert: authority.cert },
        extensions: [
          { name: "basicConstraints", cA: false, critical: true },
          { name: "keyUsage", digitalSignature: true, critical: true },
          { name: "extKeyUsage", serverAuth: true, clientAuth: true },
          {
            name: "subjectAltName",
            altNames: [
              ...dns.map((value) => ({ type: 2, value }) as const),
              ...(uri === undefined ? [] : [{ type: 6, value: uri } as const]),
            ],
          },
        ],
      });
      return { cert: leaf.cert, key: leaf.private };
    },
  };
}
