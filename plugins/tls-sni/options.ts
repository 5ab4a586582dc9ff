import { createPrivateKey, X509Certificate } from "node:crypto";
import type { OutputOf, Schemas } from "../../core/plugin/plugin.ts";

const certificate = ({ z, secret }: Schemas) =>
  z.strictObject({
    cert: secret(checkCertificates).describe("PEM: the certificate, and those between it and its authority."),
    key: secret(checkKey).describe("PEM."),
  });

const pod = (schemas: Schemas) => {
  const { z, secret } = schemas;
  return z.strictObject({
    sni: z.string().regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, "must be a host's name in lower case").exactOptional()
      .describe("What the pod is asked for. Default: the session's host."),
    ca: secret(checkCertificates).exactOptional().describe("PEM: who signs pods' certificates."),
    names: z.array(z.string().min(1)).min(1).exactOptional()
      .describe("The pod's certificate has one of these: DNS names, IP addresses or URIs. Default: the sni."),
    certificate: certificate(schemas).exactOptional().describe("What Envoy shows the pod."),
  });
};

/** A name as filter chains match it: a host, or all below one. */
const serverName = ({ z }: Schemas) =>
  z.string().regex(/^(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, 'must be a host or as "*.example.org", in lower case');

export const config = (schemas: Schemas) => {
  const { z } = schemas;
  return z.strictObject({
    pod: pod(schemas).exactOptional().describe("TLS to all pods; what a session says comes before, one by one."),
    certificates: z.strictObject({
      listenerNames: z.array(serverName(schemas)).default([])
        .describe("Hosts that go on with the listener's own certificate."),
    }).exactOptional().describe("Listeners with TLS show each host its session's certificate. Left out: their own."),
  });
};

export const session = (schemas: Schemas) =>
  schemas.z.strictObject({
    pod: pod(schemas).exactOptional().describe("TLS to this pod; {} is enough where the operator says the rest."),
    certificate: certificate(schemas).exactOptional().describe("What clients are shown at the session's hosts."),
  }).prefault({});

export type Config = OutputOf<typeof config>;
export type Input = OutputOf<typeof session>;

function checkCertificates(pem: string): string | undefined {
  const certificates = pem.match(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs) ?? [];
  return certificates.length > 0 && certificates.every((one) => reads(() => new X509Certificate(one)))
    ? undefined
    : "must be certificates in PEM";
}

function checkKey(pem: string): string | undefined {
  return reads(() => createPrivateKey(pem)) ? undefined : "must be a private key in PEM, without a passphrase";
}

function reads(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    // What it says may quote the secret.
    return false;
  }
}
