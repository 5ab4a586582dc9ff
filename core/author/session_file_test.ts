import assert from "node:assert/strict";
import { SignalboxError } from "../signalbox_error.ts";
import { parseSessionFile } from "./session_file.ts";

const domain = "example.org";

function errorOf(text: string): SignalboxError {
  try {
    parseSessionFile(text, { domain });
  } catch (thrown) {
    assert(thrown instanceof SignalboxError);
    return thrown;
  }
  assert.fail("was read");
}

Deno.test("parseSessionFile() reads a list in YAML, and what the tasks API prints", () => {
  const [plain] = parseSessionFile("- { id: a, address: 10.0.0.1, port: 80 }", { domain });
  assert.equal(plain?.host, "a.example.org");
  const task = {
    ...{ id: "a", host: "b.example.net", aliases: [], labels: {}, plugins: {}, ttl: "30s" },
    backends: [{ address: "10.0.0.1", port: 80, weight: 1 }],
    ...{ cluster: "a", generation: 7, expiresAt: "2030-01-01T00:00:00.000Z" },
  };
  const [shown] = parseSessionFile(JSON.stringify({ tasks: [task] }), { domain });
  assert.deepEqual([shown?.host, shown?.ttlMs], ["b.example.net", 30_000]);
});

Deno.test("parseSessionFile() reads one session, and names what is wrong with it without a place in a list", () => {
  const sessions = parseSessionFile("{ id: a, address: 10.0.0.1, port: 80, generation: 7 }", { domain });
  assert.deepEqual(sessions.map(({ host }) => host), ["a.example.org"]);
  assert.deepEqual(errorOf("{ id: a, address: x, port: 80 }").issues.map(({ path }) => path), ["address"]);
});

Deno.test("parseSessionFile() names everything that is wrong with any session", () => {
  const { code, issues } = errorOf("[{ id: a, address: x, port: 80 }, { id: b, address: 10.0.0.1, port: 0, x: 1 }, 5]");
  assert.equal(code, "invalid_request");
  assert.deepEqual(issues.map(({ path }) => path).toSorted(), ["[0].address", "[1].port", "[1].x", "[2]"]);
});

Deno.test("parseSessionFile() says what is wrong with the file as a whole", () => {
  assert.equal(errorOf("a: [").code, "malformed_request");
  assert.match(errorOf("a: 1").message, /must be a session with an "id", a list of them, or "tasks" with one$/);
});
