import {
  experimental,
  type Metadata,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  status,
} from "@grpc/grpc-js";
import { Buffer } from "node:buffer";
import { type Access, type Certificate, missingProof } from "./access.ts";
import type { Followed } from "./follow.ts";
import type { Identity } from "./identity.ts";

/**
 * The credentials of a gRPC server, whatever services it has: no call reaches one that `access` does not let in. A new
 * certificate holds from the next connection on; those that there are go on.
 */
export function createGrpcCredentials(access: Access): ServerCredentials {
  const { certificate, needsCertificate } = access;
  const guard = [createGuard(access)];
  if (!certificate) {
    return experimental.createServerCredentialsWithInterceptors(ServerCredentials.createInsecure(), guard);
  }
  const provider = new FollowedProvider(certificate);
  const authorities = certificate.current.clientCa === undefined ? null : provider;
  // The server's own comes first, whatever the parameters are called.
  const tls = experimental.createCertificateProviderServerCredentials(provider, authorities, needsCertificate);
  return experimental.createServerCredentialsWithInterceptors(tls, guard);
}

const identities = new WeakMap<Metadata, Identity>();

/** Who makes a call to a server with these credentials. */
export function identityOf({ metadata }: { readonly metadata: Metadata }): Identity {
  return identities.get(metadata) ?? [];
}

function createGuard(access: Access): ServerInterceptor {
  return (_, call) =>
    new ServerInterceptingCall(call, {
      start(next) {
        next({
          onReceiveMetadata(metadata, proceed) {
            const authorization = authorizationOf(metadata);
            const identity = identify(access, authorization, call);
            if (!identity) return call.sendStatus(unauthenticated(authorization));
            identities.set(metadata, identity);
            proceed(metadata);
          },
        });
      },
    });
}

/** Of several none, for then nobody can tell which one is meant. */
function authorizationOf(metadata: Metadata): string | undefined {
  const [authorization, ...more] = metadata.get("authorization").map(String);
  return more.length === 0 ? authorization : undefined;
}

function identify(
  access: Access,
  authorization: string | undefined,
  call: ServerInterceptingCallInterface,
): Identity | undefined {
  // There with certificates that were verified only.
  const raw = call.getAuthContext().sslPeerCertificate?.raw;
  return access.identify({ authorization, certificate: raw && new Uint8Array(raw), address: call.getPeer() });
}

function unauthenticated(authorization: string | undefined) {
  return { code: status.UNAUTHENTICATED, details: `Cannot answer: ${missingProof({ authorization })}` };
}

/** Tells gRPC of certificates as they come. */
class FollowedProvider implements experimental.CertificateProvider {
  readonly #certificate: Followed<Certificate>;
  readonly #ends = new Map<unknown, () => void>();

  constructor(certificate: Followed<Certificate>) {
    this.#certificate = certificate;
  }

  addCaCertificateListener(listener: experimental.CaCertificateUpdateListener): void {
    this.#add(listener, ({ clientCa = "" }) => listener({ caCertificate: Buffer.from(clientCa) }));
  }

  removeCaCertificateListener(listener: experimental.CaCertificateUpdateListener): void {
    this.#remove(listener);
  }

  addIdentityCertificateListener(listener: experimental.IdentityCertificateUpdateListener): void {
    this.#add(listener, ({ cert, key }) => listener({ certificate: Buffer.from(cert), privateKey: Buffer.from(key) }));
  }

  removeIdentityCertificateListener(listener: experimental.IdentityCertificateUpdateListener): void {
    this.#remove(listener);
  }

  #add(listener: unknown, tell: (certificate: Certificate) => void): void {
    this.#ends.set(listener, this.#certificate.subscribe(tell));
    // Later, for what is told while the listener is added is lost.
    queueMicrotask(() => tell(this.#certificate.current));
  }

  #remove(listener: unknown): void {
    this.#ends.get(listener)?.();
    this.#ends.delete(listener);
  }
}
