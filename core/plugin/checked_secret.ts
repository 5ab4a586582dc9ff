import type { Secret, SecretCheck } from "./plugin.ts";
import { SecretText } from "./secret_text.ts";

/** The secret, whose `reveal()` throws what is wrong with it. Throws it at once too. */
export function checkedSecret(secret: Secret, check: SecretCheck | undefined): Secret {
  if (check === undefined) return secret;
  const reveal = () => {
    const text = secret.reveal();
    const problem = check(text);
    if (problem !== undefined) throw new Error(problem);
    return text;
  };
  reveal();
  return new SecretText(reveal);
}
