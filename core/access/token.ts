import { Buffer } from "node:buffer";
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { TokenHash } from "../config/config.ts";

/** Says what it is to those who search text for secrets that got lost. */
const PREFIX = "sbx_";
const RANDOM_BYTES = 32;
const MAX_LENGTH = 512;

/** 256 random bits: nothing has to be slow or salted for their hash to be safe to keep. */
export function createToken(): string {
  return PREFIX + randomBytes(RANDOM_BYTES).toString("base64url");
}

export function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

/** The name of the token that was presented; takes as long whichever it is, and whether or not it is one. */
export function findToken(tokens: readonly TokenHash[], presented: string): string | undefined {
  if (presented.length > MAX_LENGTH) return undefined;
  const hash = Buffer.from(hashToken(presented), "hex");
  let found: string | undefined;
  for (const { name, sha256 } of tokens) {
    if (timingSafeEqual(hash, Buffer.from(sha256, "hex"))) found = name;
  }
  return found;
}
