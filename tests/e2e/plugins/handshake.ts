import { connect } from "node:tls";

/**
 * The serial number of the certificate that a server shows who asks for `serverName` (empty: who says no name), or `failed`.
 * Whether it can be trusted is not looked at.
 */
export function handshake(address: string, serverName: string): Promise<string> {
  const [host, port] = address.split(":");
  const name = serverName === "" ? {} : { servername: serverName };
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), ...name, ALPNProtocols: ["h2"], rejectUnauthorized: false });
    const end = (outcome: string) => {
      socket.destroy();
      resolve(outcome);
    };
    socket.once("secureConnect", () => end(socket.getPeerX509Certificate()?.serialNumber ?? "no certificate"));
    socket.once("error", () => end("failed"));
    socket.once("close", () => end("failed"));
    // Below the 15 s that Envoy waits for what it has asked for in vain.
    socket.setTimeout(10_000, () => end("no answer"));
  });
}
