import { fromBER, ObjectIdentifier, OctetString, Sequence } from "asn1js";
import type { Identity } from "./identity.ts";

const SUBJECT_ALT_NAME = "2.5.29.17";
const COMMON_NAME = "2.5.4.3";

/** How `GeneralName` numbers its kinds (RFC 5280, 4.2.1.6); of the others no client is known by. */
const KINDS: ReadonlyMap<number, string> = new Map([[2, "dns"], [6, "uri"]]);

/**
 * The names that the authority put into a certificate (DER). Read from its bytes: the text that Deno makes of them does
 * not quote, so that a single name `a, DNS:b` would read as two.
 */
export function namesOfCertificate(der: Uint8Array<ArrayBuffer>): Identity {
  const tbs = parts(parse(der))[0];
  const names: string[] = [];
  for (const field of parts(tbs)) {
    if (field.idBlock.tagClass !== CONTEXT || field.idBlock.tagNumber !== EXTENSIONS) continue;
    for (const extension of parts(parts(field)[0])) {
      const [id, ...rest] = parts(extension);
      const value = rest.at(-1);
      if (!isObject(id, SUBJECT_ALT_NAME) || !(value instanceof OctetString)) continue;
      for (const name of parts(parse(value.getValue()))) {
        const kind = KINDS.get(name.idBlock.tagNumber);
        if (kind) names.push(`${kind}:${text(name)}`);
      }
    }
  }
  for (const attributes of parts(subjectOf(tbs))) {
    for (const attribute of parts(attributes)) {
      const [id, value] = parts(attribute);
      if (isObject(id, COMMON_NAME) && value) names.push(`cn:${text(value)}`);
    }
  }
  return names;
}

type Block = ReturnType<typeof fromBER>["result"];

const CONTEXT = 3;
const EXTENSIONS = 3;

function parse(der: ArrayBuffer | Uint8Array<ArrayBuffer>): Block {
  const { offset, result } = fromBER(der);
  if (offset === -1) throw new TypeError(`Cannot read the certificate: ${result.error}`);
  return result;
}

/** What a constructed value is made of; nothing where it is none. */
function parts(block: Block | undefined): readonly Block[] {
  const value: unknown = block && Reflect.get(block.valueBlock, "value");
  return Array.isArray(value) ? value : [];
}

function isObject(block: Block | undefined, id: string): boolean {
  return block instanceof ObjectIdentifier && block.getValue() === id;
}

/** Of the sequences issuer, validity, subject and key in this order, the third. */
function subjectOf(tbs: Block | undefined): Block | undefined {
  // The signature's algorithm is a sequence too, and comes first.
  return parts(tbs).filter((field) => field instanceof Sequence)[3];
}

/** The characters of a string type; every byte is one, or UTF-8 where it is said to be. */
function text(block: Block): string {
  const bytes = block.valueBeforeDecodeView.subarray(block.blockLength - block.valueBlock.blockLength);
  return new TextDecoder().decode(bytes);
}
