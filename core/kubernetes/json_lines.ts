/** JSON values, a line each, out of bytes as they come. */
export class JsonLines {
  readonly #decoder = new TextDecoder();
  /** The beginning of a line whose end has not come, in pieces: a large one is not copied with every chunk. */
  #pieces: string[] = [];

  /** The values that are complete with this chunk. Throws `SyntaxError` where a line is no JSON. */
  push(chunk: Uint8Array): readonly unknown[] {
    const lines = this.#decoder.decode(chunk, { stream: true }).split("\n");
    const rest = lines.pop() ?? "";
    if (lines.length > 0) {
      lines[0] = this.#pieces.join("") + lines[0];
      this.#pieces = [];
    }
    if (rest !== "") this.#pieces.push(rest);
    return lines.filter((line) => line !== "").map(parseLine);
  }
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // The runtime's message quotes the line, which may be a Secret's.
    throw new SyntaxError("a line is no JSON");
  }
}
