import { X509Certificate } from "node:crypto";
import { connect, type Socket } from "node:net";
import { createServer } from "node:tls";
import type { Issued } from "../../../core/access/testdata/test_authority.ts";

/** TLS in front of a pod, as the pod's own: what comes through it goes on to the pod. */
export interface PodDoor extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
  /** Who came in, in this order. */
  readonly guests: readonly Guest[];
  /** Breaks off all connections: whoever wants to go on has to come in again. */
  closeAll(): void;
}

export interface Guest {
  /** The name that it asked for. */
  readonly serverName: string;
  /** Serial number of the certificate that it showed. */
  readonly serial: string;
}

export interface PodDoorOptions {
  readonly pod: { readonly address: string; readonly port: number };
  readonly certificate: Issued;
  /** Only guests with a certificate of this authority come in. Absent: all. */
  readonly guestsCa?: string;
  /** What it speaks inside. Default `h2`. */
  readonly protocol?: "h2" | "http/1.1";
}

export async function openPodDoor({ pod, certificate, guestsCa, protocol = "h2" }: PodDoorOptions): Promise<PodDoor> {
  const guests: Guest[] = [];
  const open = new Set<Socket>();
  const keep = (socket: Socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket)).on("error", () => socket.destroy());
  };
  const tls = { ...certificate, ALPNProtocols: [protocol], ...(guestsCa && { ca: guestsCa, requestCert: true }) };
  const server = createServer(tls, (outside) => {
    guests.push({
      serverName: outside.servername || "",
      serial: guestsCa ? outside.getPeerX509Certificate()?.serialNumber ?? "" : "",
    });
    const inside = connect(pod.port, pod.address);
    keep(outside);
    keep(inside);
    outside.pipe(inside).pipe(outside);
    outside.on("close", () => inside.destroy());
    inside.on("close", () => outside.destroy());
  });
  // Those who are not let in have their own report of it.
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { readonly port: number };
  const closeAll = () => open.forEach((socket) => socket.destroy());
  return {
    ...{ address: "127.0.0.1", port, guests, closeAll },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      closeAll();
      await closed;
    },
  };
}

export const serialOf = ({ cert }: Issued): string => new X509Certificate(cert).serialNumber;
