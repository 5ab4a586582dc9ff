import assert from "node:assert/strict";
import { formatMarkdown, formatTable, percentiles } from "./samples.ts";

Deno.test("percentiles() takes the nearest rank", () => {
  const samples = Array.from({ length: 100 }, (_, index) => 100 - index);
  assert.deepEqual(percentiles(samples), { p50: 50, p99: 99, max: 100 });
  assert.deepEqual(percentiles([3]), { p50: 3, p99: 3, max: 3 });
  assert.deepEqual(percentiles([]), { p50: 0, p99: 0, max: 0 });
});

Deno.test("formatTable() aligns columns to the right", () => {
  assert.equal(formatTable([{ name: "a", ms: 1 }, { name: "bcdef", ms: 100 }]), " name   ms\n    a    1\nbcdef  100");
});

Deno.test("formatMarkdown() has the columns of the first row, and leaves a cell empty that a row lacks", () => {
  const rows = [{ name: "a", ms: 1 }, { name: "b" }];
  assert.equal(formatMarkdown(rows), "| name | ms |\n| --- | --- |\n| a | 1 |\n| b |  |");
});
