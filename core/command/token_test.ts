import assert from "node:assert/strict";
import { findToken } from "../access/token.ts";
import { parseConfig } from "../config/parse_config.ts";
import { runCommand } from "./testdata/test_io.ts";

Deno.test("token new prints a token and the line by which the config knows it", async () => {
  const { code, out, err } = await runCommand(["token", "new", "pod-manager"]);
  assert.deepEqual([code, err], [0, ""]);
  const [, token = "", , line = ""] = out.split("\n");
  // The line stands in a config, and everything that is printed in a file of tokens.
  const { http } = parseConfig(`domain: a\nhttp:\n  tokens:\n    ${line}\n`, { baseDir: "/" });
  assert.equal(findToken(http.tokens, token), "pod-manager");
  assert.ok(!line.includes(token));
});

Deno.test("token new prints JSON when it is asked to", async () => {
  const { out } = await runCommand(["token", "new", "ci", "--json"]);
  const { name, token, sha256 } = JSON.parse(out);
  assert.equal(findToken([{ name, sha256 }], token), "ci");
});

Deno.test("token new quotes a name that YAML would take for something else", async () => {
  for (const name of ["123", "true"]) {
    const [, , , line = ""] = (await runCommand(["token", "new", name])).out.split("\n");
    const { http } = parseConfig(`domain: a\nhttp:\n  tokens:\n    ${line}\n`, { baseDir: "/" });
    assert.equal(http.tokens[0]?.name, name);
  }
});

Deno.test("token new exits with 1 when the config would not take the name", async () => {
  for (const name of ["a b", "x, sha256: 1", "-", ""]) {
    const { code, out, err } = await runCommand(["token", "new", "--", name]);
    assert.deepEqual([code, out], [1, ""], name);
    assert.match(err, /^error: Cannot make a token: NAME must be 1 to 63 of letters, [^\n]*\n$/);
  }
});
