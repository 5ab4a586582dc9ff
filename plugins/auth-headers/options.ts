import type { OutputOf, Schemas } from "../../core/plugin/plugin.ts";

/** What framing and routing go by is not a plugin's to set. */
const RESERVED = /^(host|connection|keep-alive|proxy-connection|content-length|transfer-encoding|upgrade|te|trailer)$/;

const headerName = ({ z }: Schemas) =>
  z.string().regex(/^[a-z0-9!#$&'*+.^_|~-]+$/, "must be the name of a header in lower case")
    .refine((name) => !RESERVED.test(name), "is not to be touched: the connection depends on it");

const text = ({ z }: Schemas) => z.string().regex(/^[\x20-\x7e]+$/, "must be printable ASCII, and not empty");

/** Headers by name; each is a text, or a secret that may follow a prefix such as `Bearer `. */
const headers = (schemas: Schemas) => {
  const { z, secret } = schemas;
  const hidden = z.strictObject({ secret: secret(), prefix: text(schemas).default("") });
  return z.record(headerName(schemas), z.union([text(schemas), hidden])).default({});
};

const strip = (schemas: Schemas) => schemas.z.array(headerName(schemas)).default([]);

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
    issuer: z.string().min(1).describe("What iss must be."),
    audiences: z.array(z.string().min(1)).default([]).describe("One of these must be in aud. Empty: any will do."),
    jwks: z.union([service(schemas), secret()])
      .describe("The issuer's public keys: { url }, which Envoy asks, or { file }, which is read at the start."),
  });
};

export const config = (schemas: Schemas) => {
  const { z } = schemas;
  return z.strictObject({
    open: z.boolean().default(false).describe("Whether a session may ask for nothing: then anybody reaches its pod."),
    headers: headers(schemas).describe("What pods get, whatever the client sent; a session's own come before."),
    strip: strip(schemas).describe("Headers of the client that no pod gets."),
    jwt: z.record(z.string().min(1), provider(schemas)).default({}).describe("Issuers of tokens, by a name for them."),
    external: service(schemas).extend({
      always: z.boolean().default(true).describe("Asked about every session; else about those that say external."),
    }).exactOptional().describe("A gRPC service (envoy.service.auth.v3) that is asked about every request."),
  });
};

export const session = (schemas: Schemas) => {
  const { z, secret } = schemas;
  const key = z.strictObject({
    header: headerName(schemas).exactOptional(),
    cookie: text(schemas).exactOptional(),
    values: z.array(secret()).min(1).describe(
      "Any of them will do, so that a new one can come before the old one goes.",
    ),
  }).refine(({ header, cookie }) => header === undefined || cookie === undefined, "is in a header or in a cookie");
  const jwt = z.strictObject({
    provider: z.string().min(1),
    claims: z.record(z.string().min(1), z.string().min(1)).default({})
      .describe("What claims of the token must be; a list must have it, as aud may be one."),
  });
  return z.strictObject({
    headers: headers(schemas),
    strip: strip(schemas),
    key: key.exactOptional(),
    jwt: jwt.exactOptional(),
    external: z.record(z.string().min(1), z.string()).exactOptional().describe("Context for the external service."),
  }).refine(
    ({ key, jwt }) => !jwt || !key || key.cookie !== undefined || (key.header ?? TOKEN_HEADER) !== TOKEN_HEADER,
    {
      path: ["key", "header"],
      message: `must be another than ${TOKEN_HEADER}: the JWT is there`,
    },
  ).prefault({});
};

/** Where a JWT is, and a key unless the session says otherwise. */
export const TOKEN_HEADER = "authorization";

export type Config = OutputOf<typeof config>;
export type Input = OutputOf<typeof session>;
export type Service = NonNullable<Config["external"]>;
