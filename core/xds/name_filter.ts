/** 128 KiB: of 100,000 names, it takes one in a hundred others for one of them. */
const BITS = 2 ** 20;
const PROBES = 4;

/**
 * Remembers names roughly, in bounded room: it never misses one that it was given, and takes some others for one of them,
 * the more the more it was given.
 */
export class NameFilter {
  readonly #words = new Uint32Array(BITS / 32);

  add(name: string): void {
    for (const bit of bitsOf(name)) this.#words[bit >>> 5] = (this.#words[bit >>> 5] ?? 0) | (1 << (bit & 31));
  }

  /** False: it was surely not given this name. */
  mayHave(name: string): boolean {
    for (const bit of bitsOf(name)) if (((this.#words[bit >>> 5] ?? 0) & (1 << (bit & 31))) === 0) return false;
    return true;
  }
}

/** A Bloom filter's probes, from two hashes (FNV-1a with two seeds). */
function* bitsOf(name: string): Iterable<number> {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x85ebca6b);
  }
  const step = (b ^ b >>> 15) | 1;
  for (let probe = 0; probe < PROBES; probe++) yield ((a ^ a >>> 16) + probe * step >>> 0) % BITS;
}
