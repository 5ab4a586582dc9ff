import assert from "node:assert/strict";
import fc from "fast-check";
import { createResource, type Resource } from "../cache/resource.ts";
import { Bisection } from "./bisect.ts";

const resourcesOf = (...names: string[]) => names.map((name) => createResource(name, new Uint8Array()));
const namesOf = (resources: readonly Resource[] | undefined) => resources?.map(({ name }) => name);

Deno.test("rejected() tries halves, the first half first", () => {
  const bisection = new Bisection();
  assert.equal(bisection.rejected(resourcesOf("a", "b", "c"), "no"), undefined);
  assert.equal(bisection.active, true);
  assert.deepEqual(namesOf(bisection.take()), ["a", "b"]);
  assert.deepEqual(namesOf(bisection.take()), ["c"]);
  assert.equal(bisection.take(), undefined);
  assert.equal(bisection.active, false);
});

Deno.test("rejected() tries those that the message names last", () => {
  const bisection = new Bisection();
  const message = `Error adding/updating cluster(s) c.example.org: bad, "e/f": worse`;
  bisection.rejected(resourcesOf("a", "c.example.org", "d", "e/f", "example.org"), message);
  assert.deepEqual(namesOf(bisection.take()), ["a", "d", "example.org"]);
  assert.deepEqual(namesOf(bisection.take()), ["c.example.org", "e/f"]);
});

Deno.test("rejected() goes by halves when the message names all", () => {
  const bisection = new Bisection();
  bisection.rejected(resourcesOf("a", "b"), "a, b");
  assert.deepEqual([namesOf(bisection.take()), namesOf(bisection.take())], [["a"], ["b"]]);
});

Deno.test("rejected() gives a resource that was alone as the culprit, and nothing when there was none", () => {
  const [culprit] = resourcesOf("a");
  assert.ok(culprit);
  assert.equal(new Bisection().rejected([culprit], "no"), culprit);
  assert.equal(new Bisection().rejected([], "no"), undefined);
});

Deno.test("every culprit is found, every other accepted, in few responses, whatever the messages say", () => {
  const set = fc.uniqueArray(fc.integer({ min: 0, max: 63 }), { maxLength: 6 });
  fc.assert(fc.property(set, set, fc.boolean(), (bad, named, honest) => {
    const resources = resourcesOf(...Array.from({ length: 64 }, (_, i) => `r${i}`));
    const isBad = ({ name }: Resource) => bad.some((i) => name === `r${i}`);
    const culprits: Resource[] = [];
    const accepted: Resource[] = [];
    const bisection = new Bisection();
    let responses = 0;
    for (let batch: readonly Resource[] | undefined = resources; batch; batch = bisection.take()) {
      responses++;
      const wrong = batch.filter(isBad);
      if (wrong.length === 0) {
        accepted.push(...batch);
        continue;
      }
      const message = (honest ? wrong.map(({ name }) => name) : named.map((i) => `r${i}`)).join(", ");
      const culprit = bisection.rejected(batch, message);
      if (culprit) culprits.push(culprit);
    }
    assert.deepEqual(new Set(culprits), new Set(resources.filter(isBad)));
    assert.deepEqual(new Set(accepted), new Set(resources.filter((resource) => !isBad(resource))));
    assert.equal(accepted.length + culprits.length, resources.length);
    // A message that names the wrong ones costs no more than one part for each of them.
    assert.ok(responses <= 1 + 2 * bad.length * 6 + 2 * named.length, `${responses} responses`);
    if (honest) assert.ok(responses <= 1 + 2 * bad.length, `${responses} responses`);
  }));
});
