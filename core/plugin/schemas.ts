import { z } from "zod";
import { DURATION_FORMAT, parseDuration } from "../duration.ts";
import { quote } from "../session/quote.ts";
import type { Schemas, Secret, SecretCheck, SecretReference } from "./plugin.ts";

/** A protobuf duration is at most about 10,000 years. */
const MAX_DURATION_MS = 315_576_000_000 * 1000;

/** Throws an `Error` that says why a reference leads nowhere, or what is wrong with the secret. */
export type ReadSecret = (reference: SecretReference, check?: SecretCheck) => Secret;

/** What schemas are made of. */
export function createSchemas(readSecret: ReadSecret): Schemas {
  return {
    z,
    duration: () =>
      z.string().transform((text, context) => {
        const ms = parseDuration(text);
        if (ms !== undefined && ms <= MAX_DURATION_MS) {
          const nanos = (ms % 1000) * 1_000_000;
          return nanos === 0 ? { seconds: ms / 1000 } : { seconds: Math.floor(ms / 1000), nanos };
        }
        context.addIssue(`must be ${DURATION_FORMAT}, got ${quote(text)}`);
        return z.NEVER;
      }),
    secret: (check) =>
      secretReference.transform((reference, context) => {
        try {
          return readSecret(reference, check);
        } catch (thrown) {
          context.addIssue(thrown instanceof Error ? thrown.message : String(thrown));
          return z.NEVER;
        }
      }),
  };
}

/** What stands in place of a reference may be the secret itself: it is not quoted. */
const PLACE = "must be { file: PATH }, { env: NAME } or { kubernetesSecret: { name: NAME, key: KEY } }";

const name = z.string().min(1, "must not be empty");

const secretReference: z.ZodType<SecretReference, SecretReference> = z.union([
  z.strictObject({ file: name }),
  z.strictObject({ env: name }),
  z.strictObject({ kubernetesSecret: z.strictObject({ name, key: name, namespace: name.exactOptional() }) }),
], { error: PLACE });
