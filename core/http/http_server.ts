import { SignalboxError } from "../signalbox_error.ts";

export interface HttpServer {
  /** `http://ADDRESS:PORT`, with the port that was taken. */
  readonly url: string;
  readonly port: number;
  /** Takes no more connections and answers what has arrived; after `graceMs` it leaves the rest to the process's end. */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}

/** Serves HTTP/1.1 and cleartext HTTP/2. Throws `address_in_use`. */
export function startHttpServer(options: {
  readonly address: string;
  readonly port: number;
  readonly handler: (request: Request) => Response | Promise<Response>;
}): HttpServer {
  const host = options.address.includes(":") ? `[${options.address}]` : options.address;
  let server: Deno.HttpServer<Deno.NetAddr>;
  try {
    server = Deno.serve(
      { hostname: options.address, port: options.port, onListen: () => {} },
      options.handler,
    );
  } catch (cause) {
    const state = "the address is taken or not on this machine";
    throw new SignalboxError("address_in_use", `Cannot listen for HTTP on "${host}:${options.port}": ${state}`, {
      cause,
    });
  }
  const { port } = server.addr;
  return {
    url: `http://${host}:${port}`,
    port,
    async close({ graceMs = 5_000 } = {}) {
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(late.resolve, graceMs);
      // Not aborted then: Deno throws where nobody can catch it when a server is closed twice.
      await Promise.race([server.shutdown(), late.promise]);
      clearTimeout(timer);
    },
  };
}
