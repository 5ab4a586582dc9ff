import assert from "node:assert/strict";
import { systemTimers } from "./timers.ts";

Deno.test("systemTimers.after() runs once, unless it is prevented", async () => {
  const ran: string[] = [];
  const cancel = systemTimers.after(0, () => ran.push("prevented"));
  cancel();
  await new Promise<void>((resolve) =>
    systemTimers.after(0, () => {
      ran.push("due");
      resolve();
    })
  );
  assert.deepEqual(ran, ["due"]);
});

Deno.test("systemTimers.nextTurn() resolves after what was to be done at once", async () => {
  const order: string[] = [];
  const turn = systemTimers.nextTurn().then(() => order.push("turn"));
  queueMicrotask(() => queueMicrotask(() => order.push("at hand")));
  await turn;
  assert.deepEqual(order, ["at hand", "turn"]);
});
