import assert from "node:assert/strict";
import { parseListQuery } from "./list_query.ts";

const parse = (query: string) => parseListQuery(new URLSearchParams(query));

function issuesOf(query: string): readonly string[] {
  try {
    parse(query);
  } catch (thrown) {
    const { code, issues } = Object(thrown);
    assert.equal(code, "invalid_request");
    return issues.map(({ path, message }: { path: string; message: string }) => `${path}: ${message}`);
  }
  return [];
}

Deno.test("parseListQuery() has a page of 100 of all sessions when nothing is asked for", () => {
  assert.deepEqual(parse(""), { limit: 100, labels: {} });
});

Deno.test("parseListQuery() reads every part of a query", () => {
  assert.deepEqual(parse("limit=7&after=a&label=team=blue&label=x=a=b%26c&label=empty="), {
    limit: 7,
    after: "a",
    labels: { team: "blue", x: "a=b&c", empty: "" },
  });
  assert.deepEqual([parse("limit=1").limit, parse("limit=1000").limit], [1, 1000]);
  assert.deepEqual(parse("label=a=1&label=a=1").labels, { a: "1" });
  assert.equal(Object.hasOwn(parse("label=__proto__=x").labels ?? {}, "__proto__"), true);
});

Deno.test("parseListQuery() throws invalid_request with every part that is not acceptable", () => {
  for (const limit of ["0", "1001", "-1", "1.5", "1e2", "", "ten", " 5", "٣"]) {
    assert.deepEqual(issuesOf(`limit=${limit}`), ["limit: must be a whole number from 1 to 1000"], limit);
  }
  for (const label of ["team", "", "=blue"]) {
    assert.deepEqual(issuesOf(`label=${label}`), ["label[0]: must be KEY=VALUE"]);
  }
  assert.deepEqual(issuesOf("limit=x&label=a&page=2&__proto__=1"), [
    "limit: must be a whole number from 1 to 1000",
    "label[0]: must be KEY=VALUE",
    "page: is not a known field",
    "__proto__: is not a known field",
  ]);
  assert.deepEqual(issuesOf("limit=1&limit=2&after=a&after=b"), [
    "limit: must be given once",
    "after: must be given once",
  ]);
  assert.deepEqual(issuesOf("label=a=1&label=b=1&label=a=2"), [
    "label[2]: asks for another value of a label, and no session has two",
  ]);
});
