import assert from "node:assert/strict";
import { inspect } from "node:util";
import { getJsonLinesFormatter, getTextFormatter, type LogRecord } from "@logtape/logtape";
import { SecretText } from "./secret_text.ts";

const TEXT = "s3cr3t";
const secret = new SecretText(() => TEXT);

Deno.test("SecretText.reveal() reads the text anew each time", () => {
  let text = "old";
  const changing = new SecretText(() => text);
  assert.equal(changing.reveal(), "old");
  text = "new";
  assert.equal(changing.reveal(), "new");
});

Deno.test("SecretText shows its text in no other way", () => {
  const shown = [
    `${secret}`,
    String(secret),
    secret + "",
    JSON.stringify({ secret }),
    Deno.inspect({ secret }),
    inspect({ secret }, { depth: 10, showHidden: true }),
    Object.values(secret).join(),
    new Error("failed", { cause: secret }).toString(),
  ];
  for (const text of shown) assert(!text.includes(TEXT), text);
  assert.equal(`Bearer ${secret}`, "Bearer [redacted]");
  assert.equal(JSON.stringify({ secret }), '{"secret":"[redacted]"}');
});

Deno.test("SecretText is in no line of a log", () => {
  const record: LogRecord = {
    ...{ category: ["signalbox"], level: "info", timestamp: 0, rawMessage: "is {secret}" },
    message: ["is ", secret, ""],
    properties: { secret, nested: { secret } },
  };
  for (const format of [getJsonLinesFormatter({ properties: "flatten" }), getTextFormatter()]) {
    const line = format(record);
    assert.match(line, /\[redacted\]/);
    assert(!line.includes(TEXT), line);
  }
});
