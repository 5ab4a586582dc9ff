/** Signs tokens, as the one who issues them. */
export interface Issuer {
  /** The public key, as a JWKS. */
  readonly jwks: string;
  /** A token with these claims. */
  sign(claims: Readonly<Record<string, unknown>>): Promise<string>;
}

const ES256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

export async function createIssuer(): Promise<Issuer> {
  const { publicKey, privateKey } = await crypto.subtle.generateKey(ES256, true, ["sign", "verify"]);
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", publicKey);
  return {
    jwks: JSON.stringify({ keys: [{ kty, crv, x, y, alg: "ES256", kid: "1" }] }),
    async sign(claims) {
      const signed = [{ alg: "ES256", kid: "1" }, claims].map((part) => encode(JSON.stringify(part))).join(".");
      const signature = await crypto.subtle.sign(ES256, privateKey, new TextEncoder().encode(signed));
      return `${signed}.${encode(signature)}`;
    },
  };
}

function encode(part: string | ArrayBuffer): string {
  return (typeof part === "string" ? Buffer.from(part) : Buffer.from(part)).toString("base64url");
}
