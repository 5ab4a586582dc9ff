import assert from "node:assert/strict";
import { parseConfig } from "../config/parse_config.ts";
import { DEV_CONFIG, movePorts } from "./dev_config.ts";

Deno.test("DEV_CONFIG is an acceptable config", () => {
  const config = parseConfig(DEV_CONFIG, { baseDir: "/tmp", fileName: "signalbox.yaml" });
  assert.equal(config.listeners[0]?.port, 8443);
});

Deno.test("movePorts() changes nothing while every port is free", () => {
  const { text, moved } = movePorts(DEV_CONFIG, { isFree: () => true, take: () => 1 });
  assert.equal(text, DEV_CONFIG);
  assert.deepEqual(moved, []);
});

Deno.test("movePorts() replaces taken ports and 0, and keeps what a person wrote", () => {
  const written = "# mine\nhttp:\n  port: 8080 # taken\nxds: { port: 0 }\nlisteners:\n  - { name: a, port: 8443 }\n";
  const taken = new Set([8080, 8443]);
  let next = 20000;
  const { text, moved } = movePorts(written, { isFree: (_, port) => !taken.has(port), take: () => next++ });
  assert.equal(
    text,
    "# mine\nhttp:\n  port: 20000 # taken\nxds: { port: 20001 }\nlisteners:\n  - { name: a, port: 20002 }\n",
  );
  assert.deepEqual(moved.map(({ path }) => path), ["http.port", "xds.port", "listeners[0].port"]);
});

Deno.test("movePorts() moves to the same place again what was moved from there before", () => {
  const before = [{ path: "http.port", from: 8080, to: 20000 }, { path: "xds.port", from: 1, to: 20001 }];
  const { text, moved } = movePorts(
    "http: { port: 8080 }\nxds: { port: 2 }\n",
    { isFree: () => true, take: () => 1 },
    before,
  );
  assert.equal(text, "http: { port: 20000 }\nxds: { port: 2 }\n");
  assert.deepEqual(moved, before.slice(0, 1));
});

Deno.test("movePorts() leaves a config that is no config to Signalbox", () => {
  for (const written of ["", "a: [", "listeners: 3\nhttp: x\n"]) {
    assert.equal(movePorts(written, { isFree: () => false, take: () => 1 }).text, written);
  }
});
