import assert from "node:assert/strict";
import { z } from "zod";
import { listIssues, PLAIN_MESSAGES } from "./zod_issues.ts";

function issuesOf(schema: z.ZodType, input: unknown, prefix: readonly PropertyKey[] = []) {
  const { error } = schema.safeParse(input, PLAIN_MESSAGES);
  assert(error !== undefined);
  return listIssues(error, prefix).map(({ path, message }) => `${path}: ${message}`);
}

Deno.test("listIssues() says of every issue where and what, in plain words", () => {
  const schema = z.strictObject({ a: z.string(), b: z.array(z.int()), c: z.object({ d: z.boolean() }) });
  assert.deepEqual(issuesOf(schema, { b: ["1", 2, null], c: [], e: 1, "f g": 2 }, ["tasks", 3]), [
    "tasks[3].a: is required",
    "tasks[3].b[0]: must be a number, got a string",
    "tasks[3].b[2]: must be a number, got null",
    "tasks[3].c: must be an object, got an array",
    "tasks[3].e: is not a known field",
    'tasks[3]["f g"]: is not a known field',
  ]);
});

Deno.test("listIssues() says of an input with very many issues how many more there are", () => {
  const input = Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`k${i}`, 1]));
  const issues = issuesOf(z.strictObject({}), input);
  assert.equal(issues.length, 101);
  assert.equal(issues[99], "k99: is not a known field");
  assert.equal(issues[100], ": has 150 more issues");
  assert.equal(issuesOf(z.strictObject({}), Object.fromEntries(Object.entries(input).slice(0, 100))).length, 100);
});
