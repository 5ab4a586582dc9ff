const given = new Set<number>();

/** A TCP port that nobody has, another each time. Somebody else may take it before the caller does. */
export function freePort(address = "127.0.0.1"): number {
  using listener = Deno.listen({ hostname: address, port: 0 });
  const { port } = listener.addr;
  // The system gives one again that nobody took meanwhile, but not while it is held here.
  if (given.has(port)) return freePort(address);
  given.add(port);
  return port;
}

/** Whether a TCP port can be listened to now. Throws where the machine doesn't have the address. */
export function isPortFree(address: string, port: number): boolean {
  try {
    using _listener = Deno.listen({ hostname: address, port });
    return true;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.AddrInUse || thrown instanceof Deno.errors.PermissionDenied) return false;
    throw thrown;
  }
}
