import { generate } from "selfsigned";
import type { Certificate } from "../access.ts";
import type { Followed } from "../follow.ts";

export interface Issued {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}

export interface IssueOptions {
  readonly cn?: string;
  readonly dns?: readonly string[];
  readonly uris?: readonly string[];
  /** In days from now; negative for one that has expired. Default 1. */
  readonly endsInDays?: number;
}

export interface TestAuthority {
  /** PEM. */
  readonly ca: string;
  /** A certificate for servers and clients, of `localhost`, 127.0.0.1 and ::1 and what is asked for. */
  issue(options?: IssueOptions): Promise<Issued>;
}

/** A certificate that is never renewed, as servers take it. */
export function unchanging(current: Certificate): Followed<Certificate> {
  return { current, subscribe: () => () => {}, close: () => Promise.resolve() };
}

const DAY_MS = 24 * 60 * 60 * 1000;
const EC = { keyType: "ec", curve: "P-256", algorithm: "sha256" } as const;

export async function createTestAuthority(name = "Test authority"): Promise<TestAuthority> {
  const authority = await generate([{ name: "commonName", value: name }], {
    ...EC,
    notBeforeDate: new Date(Date.now() - 20 * DAY_MS),
    notAfterDate: new Date(Date.now() + DAY_MS),
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return {
    ca: authority.cert,
    async issue({ cn = "test", dns = [], uris = [], endsInDays = 1 } = {}) {
      const issued = await generate([{ name: "commonName", value: cn }], {
        ...EC,
        notBeforeDate: new Date(Date.now() - 10 * DAY_MS),
        notAfterDate: new Date(Date.now() + endsInDays * DAY_MS),
        ca: { key: authority.private, cert: authority.cert },
        extensions: [
          { name: "basicConstraints", cA: false, critical: true },
          { name: "keyUsage", digitalSignature: true, critical: true },
          { name: "extKeyUsage", serverAuth: true, clientAuth: true },
          {
            name: "subjectAltName",
            altNames: [
              { type: 2, value: "localhost" },
              { type: 7, ip: "127.0.0.1" },
              { type: 7, ip: "::1" },
              ...dns.map((value) => ({ type: 2 as const, value })),
              ...uris.map((value) => ({ type: 6 as const, value })),
            ],
          },
        ],
      });
      return { cert: issued.cert, key: issued.private };
    },
  };
}
