/** A line that a client is sent, as JSON. */
export interface Ask {
  readonly id: number;
  /** Called is `xds:///<host>`. */
  readonly host: string;
  /** Calls of one channel and host share it. */
  readonly channel: string;
  readonly timeoutMs: number;
  /** 0: one `Say`; else one `Count` of so many messages, of which the first is answered with code `BEGUN`. */
  readonly count: number;
}

/** A line that a client says, as JSON: how a call ended. */
export interface Answer {
  readonly id: number;
  /** A gRPC code's name. */
  readonly code: string;
  /** For `OK` the authority that reached the backend, else what the client has to say. */
  readonly message: string;
  /** Who answered, message by message. */
  readonly backends: readonly string[];
}
