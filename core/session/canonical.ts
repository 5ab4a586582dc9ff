/** A text in the one form in which it is kept and compared, or what is wrong with it: `must …`. */
export type Canonical = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly message: string };

export function canonical(text: string): Canonical {
  return { ok: true, text };
}

export function refused(message: string): Canonical {
  return { ok: false, message };
}
