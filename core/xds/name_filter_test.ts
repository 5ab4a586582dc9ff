import assert from "node:assert/strict";
import { NameFilter } from "./name_filter.ts";

const namesOf = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

Deno.test("NameFilter has every name that it was given, and few others", () => {
  const filter = new NameFilter();
  const given = namesOf("session", 100_000);
  for (const name of given) filter.add(name);
  assert.ok(given.every((name) => filter.mayHave(name)));
  const others = namesOf("other", 100_000).filter((name) => filter.mayHave(name));
  assert.ok(others.length < 2000, `${others.length} of 100,000 others`);
});

Deno.test("NameFilter has nothing before it was given anything", () => {
  const filter = new NameFilter();
  assert.ok(namesOf("session", 1000).every((name) => !filter.mayHave(name)));
});
