const MODULUS = 2 ** 48;

/**
 * The version of a set of resources: the sum of its members' versions, so that adding and removing one costs the same
 * at any size, and the same set has the same digest in whatever order it came about.
 */
export class Digest {
  #high = 0;
  #low = 0;

  /** `version` is 24 hex digits, as of a `Resource`. */
  add(version: string): void {
    this.#high = (this.#high + Number.parseInt(version.slice(0, 12), 16)) % MODULUS;
    this.#low = (this.#low + Number.parseInt(version.slice(12), 16)) % MODULUS;
  }

  remove(version: string): void {
    this.#high = (this.#high - Number.parseInt(version.slice(0, 12), 16) + MODULUS) % MODULUS;
    this.#low = (this.#low - Number.parseInt(version.slice(12), 16) + MODULUS) % MODULUS;
  }

  clone(): Digest {
    const copy = new Digest();
    copy.#high = this.#high;
    copy.#low = this.#low;
    return copy;
  }

  /** 24 hex digits; all zero for the empty set. */
  toString(): string {
    return this.#high.toString(16).padStart(12, "0") + this.#low.toString(16).padStart(12, "0");
  }
}
