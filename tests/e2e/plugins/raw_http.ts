/** An answer to a request that was written by hand. */
export interface RawAnswer {
  readonly status: number;
  /** As they were sent: the status line, the headers and the body. */
  readonly text: string;
}

/**
 * Sends a request of HTTP/1.1 exactly as it is written here, without TLS, and reads what comes until the connection closes.
 * `head` are its lines, from the request line on; `connection: close` is added.
 */
export async function sendRaw(address: string, head: readonly string[], body = ""): Promise<RawAnswer> {
  const [hostname = "", port] = address.split(":");
  const connection = await Deno.connect({ hostname, port: Number(port) });
  const late = setTimeout(() => connection.close(), 10_000);
  try {
    const request = [...head, "connection: close", "", body].join("\r\n");
    const writer = connection.writable.getWriter();
    await writer.write(new TextEncoder().encode(request));
    writer.releaseLock();
    const text = await new Response(connection.readable).text();
    return { status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1]), text };
  } finally {
    clearTimeout(late);
  }
}
