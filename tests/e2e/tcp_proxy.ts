/** Stands between two programs, so that a test can part them. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** How many connections were made. */
  readonly connections: number;
  /** Breaks off every connection; others can be made. */
  cut(): void;
  /** Breaks off every connection, and lets none be made until `open()`. */
  shut(): void;
  open(): void;
  /** Connections that are made from now on lead there. */
  turnTo(target: number): void;
}

/** Hands bytes on to `127.0.0.1:firstTarget`, and back. */
export function startTcpProxy(firstTarget: number): TcpProxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const sockets = new Set<Deno.TcpConn>();
  const pipes = new Set<Promise<void>>();
  let target = firstTarget;
  let isOpen = true;
  let connections = 0;

  function close(socket: Deno.TcpConn): void {
    if (sockets.delete(socket)) socket.close();
  }

  async function pipe(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      for (let length = await from.read(buffer); length !== null; length = await from.read(buffer)) {
        for (let at = 0; at < length;) at += await to.write(buffer.subarray(at, length));
      }
    } catch {
      // Either side has gone, or was cut off.
    }
    close(from);
    close(to);
  }

  const accepting = (async () => {
    for await (const client of listener) {
      connections++;
      const server = isOpen ? await Deno.connect({ hostname: "127.0.0.1", port: target }).catch(() => {}) : undefined;
      if (!server) {
        client.close();
        continue;
      }
      sockets.add(client).add(server);
      for (const [from, to] of [[client, server], [server, client]] as const) {
        const done = pipe(from, to).finally(() => pipes.delete(done));
        pipes.add(done);
      }
    }
  })();

  return {
    port: listener.addr.port,
    get connections() {
      return connections;
    },
    cut() {
      for (const socket of sockets) close(socket);
    },
    shut() {
      isOpen = false;
      this.cut();
    },
    open() {
      isOpen = true;
    },
    turnTo(next) {
      target = next;
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      for (const socket of sockets) close(socket);
      await Promise.all(pipes);
    },
  };
}
