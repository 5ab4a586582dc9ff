import assert from "node:assert/strict";
import { deepFreeze } from "./deep_freeze.ts";

Deno.test("deepFreeze() freezes every part, behind parts that are frozen too, and leaves bytes", () => {
  const inner = { list: [{ deep: 1 }] };
  const bytes = new Uint8Array([1]);
  const value = deepFreeze({ outer: Object.freeze({ inner }), bytes });
  assert.ok(Object.isFrozen(value) && Object.isFrozen(inner.list) && Object.isFrozen(inner.list[0]));
  bytes[0] = 2;
  assert.equal(value.bytes[0], 2);
});

Deno.test("deepFreeze() takes one value in two places, but none within itself", () => {
  const twice = { a: 1 };
  assert.deepEqual(deepFreeze([twice, { twice }]), [{ a: 1 }, { twice: { a: 1 } }]);
  const circular: unknown[] = [];
  circular.push({ circular });
  assert.throws(() => deepFreeze(circular), { name: "RangeError", message: "must not contain itself" });
});

Deno.test("deepFreeze() goes through a value once, however often it is in itself a part of another", () => {
  let value: object = {};
  for (let depth = 0; depth < 90; depth++) value = [value, value];
  assert.ok(Object.isFrozen(deepFreeze(value)));
  for (let depth = 0; depth < 90; depth++) value = [undefined, value, value, undefined];
  assert.throws(() => deepFreeze(value), { message: "must not be more than 100 objects deep" });
});

Deno.test("deepFreeze() does not go again through what is known to be frozen", () => {
  const part = { a: { b: 1 } };
  const frozen = new Set<object>();
  deepFreeze(part, frozen);
  const whole = deepFreeze({ part, other: {} }, frozen);
  assert.ok(Object.isFrozen(whole) && Object.isFrozen(whole.other));
  assert.deepEqual(frozen, new Set<object>([part.a, part, whole.other, whole]));
});

Deno.test("deepFreeze() refuses what is too deep to be encoded", () => {
  let value: object = {};
  for (let depth = 0; depth < 100_000; depth++) value = { value };
  assert.throws(() => deepFreeze(value), { name: "RangeError", message: "must not be more than 100 objects deep" });
});
