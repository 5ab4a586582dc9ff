import assert from "node:assert/strict";
import { join } from "node:path";
import { readTokensFile } from "./tokens_file.ts";

const HASH = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";

async function read(text?: string) {
  const folder = await Deno.makeTempDir();
  try {
    const file = join(folder, "tokens.yaml");
    if (text !== undefined) await Deno.writeTextFile(file, text);
    const found = await readTokensFile(file, "http.tokensFile");
    return found.ok
      ? found.tokens
      : found.issues.map(({ path, message }) => `${path} ${message.replace(file, "FILE")}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("readTokensFile() reads a list of tokens", async () => {
  assert.deepEqual(await read(`# Tokens\n- { name: a, sha256: ${HASH} }\n`), [{ name: "a", sha256: HASH }]);
  assert.deepEqual(await read("[]"), []);
});

Deno.test("readTokensFile() names everything that is wrong, with its line", async () => {
  assert.deepEqual(await read(), ['http.tokensFile cannot read "FILE": there is no such file']);
  assert.deepEqual(await read(""), ["http.tokensFile FILE: must be a list"]);
  assert.deepEqual(await read(`- { name: a, sha256: ${HASH} }\n- { name: a }\n- { nam: b, sha256: ${HASH} }\n`), [
    "http.tokensFile FILE:2: [1].sha256: is required",
    "http.tokensFile FILE:2: [1].name: is also the name of [0]",
    "http.tokensFile FILE:3: [2].name: is required",
    "http.tokensFile FILE:3: [2].nam: is not a known key",
    "http.tokensFile FILE:3: [2].sha256: is also the sha256 of [0]",
  ]);
});
