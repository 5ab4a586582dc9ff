/** Why `fetch` got no answer at all from `url`, in words and with what to do, from all that Deno says: a text. */
export function connectionFailure(url: string, thrown: unknown): string {
  const { protocol } = new URL(url);
  const text = messagesOf(thrown).join("\n");
  const certificate = /invalid peer certificate: (.*)/.exec(text)?.[1];
  if (certificate !== undefined) return certificateFailure(certificate);
  if (protocol === "https:" && text.includes("InvalidContentType")) return "it does not speak TLS: use http://";
  // What it says to a request without TLS is an alert, which begins as no answer of HTTP does.
  if (protocol === "http:" && text.includes("invalid HTTP version parsed")) {
    return "its answer is not HTTP; where it speaks TLS: use https://";
  }
  return "no connection; is it running, and is this its address (--url, SIGNALBOX_URL)?";
}

function certificateFailure(reason: string): string {
  if (/UnknownIssuer|BadSignature/.test(reason)) return "its certificate is not trusted: give who signed it with --ca";
  if (/NotValidForName|not valid for name/.test(reason)) return "its certificate is for another name";
  if (/Expired|expired/.test(reason)) return "its certificate has expired";
  return `its certificate is not accepted (${reason})`;
}

function messagesOf(thrown: unknown): readonly string[] {
  return thrown instanceof Error ? [thrown.message, ...messagesOf(thrown.cause)] : [];
}
