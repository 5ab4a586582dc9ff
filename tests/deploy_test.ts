import assert from "node:assert/strict";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { runCommand } from "../core/command/testdata/test_io.ts";
import { findExposures } from "../core/config/exposure.ts";
import { loadConfig } from "../core/config/load_config.ts";

const deploy = (name: string) => Deno.readTextFile(join("deploy", name));

const compose = z.object({
  services: z.record(
    z.string(),
    z.object({
      image: z.string(),
      command: z.array(z.string()).optional(),
      volumes: z.array(z.string()).optional(),
      networks: z.object({ default: z.object({ ipv4_address: z.string() }) }).optional(),
      depends_on: z.record(z.string(), z.object({ condition: z.string() })).optional(),
    }),
  ),
});

const { services } = compose.parse(parse(await deploy("compose.yaml"), { merge: true }));
const commandOf = (service: string) => services[service]?.command ?? assert.fail(`there is no service "${service}"`);

Deno.test("compose.yaml starts Signalbox as its config needs it", async () => {
  assert.deepEqual(commandOf("signalbox"), ["serve", "--config", "/etc/signalbox/signalbox.yaml", "--insecure"]);
  assert.deepEqual(services.signalbox?.volumes, [
    "./compose/signalbox.yaml:/etc/signalbox/signalbox.yaml:ro",
    "sessions:/data",
  ]);
  const config = await loadConfig("deploy/compose/signalbox.yaml");
  assert.deepEqual(config.store, { kind: "sqlite", path: "/data/sessions.db" });
  assert.notDeepEqual(findExposures(config), [], "--insecure is not needed");
});

Deno.test("compose.yaml starts Envoy with a bootstrap that leads to Signalbox", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = join(folder, "envoy.yaml");
    const words = commandOf("bootstrap").map((word) => word === "/envoy/envoy.yaml" ? file : word);
    assert.deepEqual(await runCommand(words), { code: 0, out: "", err: "" });
    const { xds } = await loadConfig("deploy/compose/signalbox.yaml");
    const [cluster] = parse(await Deno.readTextFile(file)).static_resources.clusters;
    const { address } = cluster.load_assignment.endpoints[0].lb_endpoints[0].endpoint;
    assert.deepEqual(address.socket_address, { address: "signalbox", port_value: xds.port });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  assert.deepEqual(services.bootstrap?.volumes, ["bootstrap:/envoy"]);
  assert.deepEqual(services.envoy?.volumes, ["bootstrap:/bootstrap:ro"]);
  assert.deepEqual(commandOf("envoy"), ["envoy", "-c", "/bootstrap/envoy.yaml"]);
});

Deno.test("compose.yaml registers each backend where it is", async () => {
  const { http } = await loadConfig("deploy/compose/signalbox.yaml");
  for (const name of ["blue", "green"]) {
    const asked: unknown[] = [];
    const { code } = await runCommand(commandOf(`register-${name}`), {
      fetch(url, { body }) {
        const task = JSON.parse(String(body));
        asked.push([url.host, task.id, task.backends]);
        return Promise.resolve(Response.json({ ...task, host: `${name}.example.org` }, { status: 201 }));
      },
    });
    assert.equal(code, 0);
    const address = services[name]?.networks?.default.ipv4_address;
    assert.deepEqual(asked, [[`signalbox:${http.port}`, name, [{ address, port: 80 }]]]);
  }
});

Deno.test("compose.yaml has somebody wait for each service that ends, without which `up --wait` fails", () => {
  const ending = Object.keys(services).filter((name) => name === "bootstrap" || name.startsWith("register-"));
  assert.equal(ending.length, 3);
  const staying = Object.entries(services).filter(([name]) => !ending.includes(name));
  const awaited = staying.flatMap(([, { depends_on = {} }]) =>
    Object.entries(depends_on).filter(([, { condition }]) => condition === "service_completed_successfully")
  );
  assert.deepEqual(awaited.map(([name]) => name).sort(), ending.sort());
});

Deno.test("compose.yaml waits for what there is", () => {
  for (const [name, { depends_on = {} }] of Object.entries(services)) {
    for (const other of Object.keys(depends_on)) assert.ok(other in services, `${name} waits for ${other}`);
  }
});

Deno.test("Dockerfile starts and asks the executable by commands that there are, and takes the Deno of CI", async () => {
  const text = await deploy("Dockerfile");
  const lists = [...text.matchAll(/^(?:CMD| {2}CMD) (\[.*\])$/gm)].map(([, list = ""]) =>
    z.array(z.string()).parse(JSON.parse(list))
  );
  const [start, health] = lists;
  assert.deepEqual(start, ["serve", "--config", "/etc/signalbox/signalbox.yaml"]);
  assert.deepEqual(health, ["/usr/bin/signalbox", "health", "--config", "/etc/signalbox/signalbox.yaml"]);
  for (const [command = ""] of [start, health?.slice(1)]) {
    assert.equal((await runCommand([command, "--help"])).code, 0, command);
  }
  const [, version] = /^ARG DENO_VERSION=(.*)$/m.exec(text) ?? [];
  assert.match(await Deno.readTextFile(".ci/run"), new RegExp(`^DENO_VERSION=${RegExp.escape(version ?? "")}$`, "m"));
  const { version: own } = JSON.parse(await Deno.readTextFile("deno.json"));
  assert.match(text, new RegExp(`^ARG VERSION=${RegExp.escape(own)}$`, "m"));
});

Deno.test("compile.ts makes executables for Linux and macOS, and for nothing else", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "deploy/compile.ts", "--target", "sparc"],
  }).output();
  assert.deepEqual([code, new TextDecoder().decode(stderr)], [
    1,
    "error: the target must be of x86_64-unknown-linux-gnu, aarch64-unknown-linux-gnu, x86_64-apple-darwin, " +
    "aarch64-apple-darwin\n",
  ]);
});

const canVerify = await new Deno.Command("systemd-analyze", { args: ["--version"], stdout: "null" }).output()
  .then(({ success }) => success, () => false);
if (!canVerify) {
  const reason = "The test of the unit is ignored: there is no systemd-analyze (apt-get install systemd).";
  if (Deno.env.get("CI")) throw new Error(reason);
  // deno-lint-ignore no-console
  console.warn(reason);
}

Deno.test({
  name: "systemd takes the unit, and finds little that it may do",
  ignore: !canVerify,
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      const unit = join(folder, "signalbox.service");
      // It wants the program to be there.
      await Deno.writeTextFile(
        unit,
        (await deploy("systemd/signalbox.service")).replaceAll("/usr/bin/signalbox", "/bin/true"),
      );
      const analyze = async (...args: readonly string[]) => {
        const { success, stderr } = await new Deno.Command("systemd-analyze", { args: [...args, unit], stdout: "null" })
          .output();
        assert.deepEqual([success, new TextDecoder().decode(stderr)], [true, ""]);
      };
      await analyze("verify");
      // Of 100; a service without any of it has 96.
      await analyze("security", "--offline=true", "--threshold=15");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
