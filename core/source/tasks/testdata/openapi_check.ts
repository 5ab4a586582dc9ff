import assert from "node:assert/strict";
import { Ajv2020 } from "ajv/dist/2020.js";
import { buildOpenApi } from "../openapi.ts";

const document = buildOpenApi();
const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
ajv.addSchema(document, "openapi");

/** The path of the document that `path` is an instance of, without a query. */
function templateOf(path: string): string | undefined {
  const [plain = ""] = path.split("?");
  return Object.keys(document.paths ?? {}).find((template) =>
    new RegExp(`^${RegExp.escape(template).replace(/\\\{\w+\\\}/g, "[^/]+")}$`).test(plain)
  );
}

function assertValid(pointer: readonly string[], value: unknown): void {
  const steps = pointer.map((step) => step.replaceAll("~", "~0").replaceAll("/", "~1"));
  const $ref = `openapi#/${steps.map(encodeURIComponent).join("/")}`;
  const validate = ajv.compile({ $ref });
  assert(validate(value), `${$ref}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(value).slice(0, 1_000)}`);
}

/**
 * Whether an answer is one that the document tells of: its status, its content type, its headers and its body; and
 * whether a body that was accepted is one that it tells of.
 */
export function assertDescribed(
  request: { readonly method: string; readonly path: string; readonly body?: unknown },
  answer: { readonly status: number; readonly headers: Headers; readonly body: unknown },
): void {
  const method = request.method.toLowerCase();
  const template = templateOf(request.path);
  const operation = Object.entries(document.paths?.[template ?? ""] ?? {}).find(([name]) => name === method)?.[1];
  if (template === undefined || operation === undefined) {
    assertValid(["components", "schemas", "Problem"], answer.body);
    return;
  }
  const place = ["paths", template, method];
  const response = operation.responses?.[answer.status];
  assert(response !== undefined, `${method} ${template} does not tell of ${answer.status}`);
  const [mediaType = ""] = (answer.headers.get("content-type") ?? "").split(";");
  assert(response.content?.[mediaType] !== undefined, `${method} ${template} does not tell of ${mediaType}`);
  assertValid([...place, "responses", String(answer.status), "content", mediaType, "schema"], answer.body);
  for (const name of Object.keys(response.headers ?? {})) assert(answer.headers.has(name), name);
  const refusesItems = JSON.stringify(answer.body)?.includes('"outcome":"refused"');
  if (answer.status < 300 && request.body !== undefined && !refusesItems) {
    assertValid([...place, "requestBody", "content", "application/json", "schema"], request.body);
  }
}
