import type { OutputOf, Schemas } from "../../core/plugin/plugin.ts";

/** What framing and routing go by is not a plugin's to set. */
const RESERVED = /^(host|connection|keep-alive|proxy-connection|content-length|transfer-encoding|upgrade|te|trailer)$/;

const headerName = ({ z }: Schemas) =>
  z.string().regex(/^[a-z0-9!#$&'*+.^_|~-]+$/, "must be the name of a header in lower case")
    .refine((name) => !RESERVED.test(name), "is not to be touched: the connection depends on it");

const text = ({ z }: Schemas) => z.string().regex(/^[\x20-\x7e]+$/, "must be printable ASCII, and not empty");
const name = ({ z }: Schemas) => z.string().min(1, "must not be empty");

/** What the pod gets. */
const podHeaders = (schemas: Schemas) => {
  const { z, secret } = schemas;
  const hidden = z.strictObject({
    value: secret((value) => /^[\x20-\x7e]+$/.test(value) ? undefined : "must be printable ASCII in one line"),
    prefix: text(schemas).default("").describe("What comes before the value, such as `Bearer `."),
  });
  return {
    headers: z.record(headerName(schemas), text(schemas)).default({}).describe("Set, whatever the client sends."),
    secretHeaders: z.record(headerName(schemas), hidden).default({}).describe("Likewise, with secrets for values."),
    strip: z.array(headerName(schemas)).default([]).describe("Headers of the client that the pod does not get."),
  };
};

/** A service of the operator's, at `http://…` or `https://…`. */
const service = ({ z, duration }: Schemas) =>
  z.strictObject({
    url: z.url({ protocol: /^https?$/, error: "must be a URL of http or https" }),
    caFile: z.string().min(1).default("/etc/ssl/certs/ca-certificates.crt")
      .describe("What an https service's certificate is checked against: a file of Envoy's machine."),
    timeout: duration().prefault("1s"),
  });

const provider = (schemas: Schemas) => {
  const { z, secret } = schemas;
  return z.strictObject({
    issuer: name(schemas).describe("What iss must be."),
    audiences: z.array(name(schemas)).default([]).describe("One of these must be in aud. Empty: any will do."),
    jwks: service(schemas).exactOptional().describe("Where Envoy gets the issuer's public keys."),
    jwksFile: secret().exactOptional().describe("Or where they are: read at the start."),
  }).refine(
    ({ jwks, jwksFile }) => (jwks === undefined) !== (jwksFile === undefined),
    "must have a jwks or a jwksFile",
  );
};

export const config = (schemas: Schemas) => {
  const { z } = schemas;
  return z.strictObject({
    open: z.boolean().default(false).describe("Whether a session may ask for nothing: then anybody reaches its pod."),
    ...podHeaders(schemas),
    jwt: z.record(name(schemas), provider(schemas)).default({}).describe("Issuers of tokens, by a name for them."),
    external: service(schemas).extend({
      always: z.boolean().default(true).describe("Asked about every session; else about those that say external."),
    }).exactOptional().describe("A gRPC service (envoy.service.auth.v3) that is asked about every request."),
  });
};

export const session = (schemas: Schemas) => {
  const { z, secret } = schemas;
  const value = secret((key) => /^[\x21-\x7e]+$/.test(key) ? undefined : "must be printable ASCII without blanks");
  const key = z.strictObject({
    header: headerName(schemas).exactOptional(),
    cookie: text(schemas).exactOptional(),
    values: z.array(value).min(1, "must not be empty")
      .describe("Any of them will do, so that a new one can come before the old one goes."),
  }).refine(({ header, cookie }) => header === undefined || cookie === undefined, "is in a header or in a cookie");
  const jwt = z.strictObject({
    provider: name(schemas),
    claims: z.record(name(schemas), name(schemas)).default({})
      .describe("What claims of the token must be; a list must have it, as aud may be one."),
  });
  return z.strictObject({
    ...podHeaders(schemas),
    key: key.exactOptional(),
    jwt: jwt.exactOptional(),
    external: z.record(name(schemas), z.string()).exactOptional().describe("Context for the external service."),
  }).refine(({ key, jwt }) => !jwt || !key || keySource(key).header !== TOKEN_HEADER, {
    path: ["key", "header"],
    message: `must be another than ${TOKEN_HEADER}: the JWT is there`,
  }).prefault({});
};

/** Where a JWT is, and a key unless the session says otherwise. */
export const TOKEN_HEADER = "authorization";

/** Where a session's key is. */
export const keySource = ({ header, cookie }: { readonly header?: string; readonly cookie?: string }) =>
  cookie === undefined ? { header: header ?? TOKEN_HEADER } : { cookie };

export type Config = OutputOf<typeof config>;
export type Input = OutputOf<typeof session>;
export type Service = NonNullable<Config["external"]>;
