import assert from "node:assert/strict";
import process from "node:process";
import { Document, parse, visit } from "yaml";
import type { Translation } from "../../core/author/translate.ts";
import { runCase } from "./golden_case.ts";

const UPDATE = process.env.UPDATE_GOLDEN === "1";
const LAYOUTS = ["layout_scoped", "layout_rds", "layout_vhds", "layout_on_demand"] as const;

const fileOf = (name: string, file: "input" | "expected") => new URL(`${name}/${file}.yaml`, import.meta.url);

async function readInput(name: string): Promise<unknown> {
  return parse(await Deno.readTextFile(fileOf(name, "input")));
}

/** As `deno fmt` would have it too. */
function toYaml(output: Translation): string {
  const document = new Document(output, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_, node) {
      const { value } = node;
      // Blocks of blanks alone are for no reader, and formatters take the blanks away.
      if (typeof value === "string" && value.trim() === "") node.type = "QUOTE_DOUBLE";
    },
  });
  return document.toString({ lineWidth: 0 });
}

Deno.test("sessions become the resources of the goldens", async (test) => {
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(".", import.meta.url))) {
    if (isDirectory) names.push(name);
  }
  assert.ok(names.length > 0);
  for (const name of names.sort()) {
    await test.step(name, async () => {
      const actual = toYaml(runCase(await readInput(name)));
      if (UPDATE) return await Deno.writeTextFile(fileOf(name, "expected"), actual);
      const expected = await Deno.readTextFile(fileOf(name, "expected")).catch(() => "");
      // As data, so that a difference is shown by its path; then to the letter.
      assert.deepEqual(parse(actual), parse(expected), "differs; UPDATE_GOLDEN=1 takes it as it is now");
      assert.equal(actual, expected);
    });
  }
});

Deno.test("layouts differ in their listeners alone", async () => {
  const [scoped, ...others] = await Promise.all(LAYOUTS.map(async (name) => runCase(await readInput(name))));
  const withoutListeners = ({ failures, versions, resources }: Translation) => ({
    failures,
    versions: { ...versions, listener: "" },
    resources: { ...resources, listener: {} },
  });
  assert.ok(scoped);
  for (const other of others) {
    assert.deepEqual(withoutListeners(other), withoutListeners(scoped));
    assert.notDeepEqual(other.resources["listener"], scoped.resources["listener"]);
  }
});

Deno.test("the order in which sessions come changes no resource and no version", async () => {
  const input = await readInput("several_sessions") as { readonly sessions: readonly unknown[] };
  assert.ok(input.sessions.length > 1);
  assert.deepEqual(runCase({ ...input, sessions: input.sessions.toReversed() }), runCase(input));
});
