import assert from "node:assert/strict";
import { z } from "zod";
import { parseSession } from "./parse_session.ts";
import { registrationSchema } from "./registration_schema.ts";

const DOMAIN = "example.org";
const GOOD = { id: "a", address: "10.0.0.1", port: 50051 };

function parse(input: unknown) {
  const parsed = parseSession(input, { domain: DOMAIN });
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.session;
}

/** `path: message` of every issue. */
function issues(input: unknown, id?: string): readonly string[] {
  const parsed = parseSession(input, id === undefined ? { domain: DOMAIN } : { domain: DOMAIN, id });
  return parsed.ok ? [] : parsed.issues.map(({ path, message }) => `${path}: ${message}`);
}

function assertIssue(change: Record<string, unknown>, path: string, message: RegExp) {
  const found = issues({ ...GOOD, ...change });
  assert.equal(found.length, 1, `${JSON.stringify(change)}: ${JSON.stringify(found)}`);
  const [first = ""] = found;
  assert.ok(first.startsWith(`${path}: `), first);
  assert.match(first, message);
}

Deno.test("parseSession() fills in every default when only an address and a port are given", () => {
  assert.deepEqual(parse(GOOD), {
    id: "a",
    host: "a.example.org",
    aliases: [],
    backends: [{ address: "10.0.0.1", port: 50051, weight: 1 }],
    labels: {},
    plugins: {},
  });
});

Deno.test("parseSession() is in canonical form when everything is given", () => {
  const session = parse({
    id: "session-1",
    backends: [{ address: "2001:DB8:0:0::1", port: 1, weight: 7 }, { address: "10.0.0.1", port: 65535 }],
    host: "WWW.Example.ORG.",
    aliases: ["b.example.org", "A.example.org", "www.example.org", "b.example.org."],
    labels: { "example.org/team": "a_B.c", app: "" },
    plugins: { auth: { roles: ["x", null, 1.5, { deep: true }] } },
    ttl: "1h30m",
  });
  assert.deepEqual(session, {
    id: "session-1",
    host: "www.example.org",
    aliases: ["a.example.org", "b.example.org"],
    backends: [{ address: "2001:db8::1", port: 1, weight: 7 }, { address: "10.0.0.1", port: 65535, weight: 1 }],
    labels: { app: "", "example.org/team": "a_B.c" },
    plugins: { auth: { roles: ["x", null, 1.5, { deep: true }] } },
    ttlMs: 5_400_000,
  });
  assert.deepEqual(Object.keys(session.labels), ["app", "example.org/team"]);
});

Deno.test("parseSession() names every issue with its path when many fields are bad", () => {
  assert.deepEqual(
    issues({
      id: "A",
      backends: [{ address: "10.0.0.1", port: 70000 }, { address: "localhost", port: "8080", weight: 0 }, 7],
      aliases: ["ok.example.org", 5],
      labels: { "-": "x", team: " " },
      ttl: 30,
      colour: "red",
    }),
    [
      'id: must be a DNS label: 1 to 63 of a-z, 0-9 and inner hyphens, got "A"',
      "backends[0].port: must be a whole number from 1 to 65535, got 70000",
      'backends[1].address: must be an IP address such as 10.0.0.1 or 2001:db8::1, not a name, got "localhost"',
      'backends[1].port: must be a whole number from 1 to 65535, got "8080"',
      "backends[1].weight: must be a whole number from 1 to 1000000, got 0",
      "backends[2]: must be an object, got a number",
      "aliases[1]: must be a string, got a number",
      "labels[\"-\"]: must have a key of 1 to 63 letters, digits, '-', '_' and '.', after an optional DNS name and '/'",
      "labels.team: must be at most 63 letters, digits, '-', '_' and '.', and begin and end with a letter or digit, got \" \"",
      "ttl: must be a string, got a number",
      "colour: is not a known field",
    ],
  );
});

Deno.test("parseSession() refuses a field when it is called __proto__", () => {
  assert.equal(issues(JSON.parse(`{"__proto__":{},${JSON.stringify(GOOD).slice(1)}`)).length, 1);
});

Deno.test("parseSession() refuses the whole when it is no object", () => {
  for (const input of [undefined, null, 5, "x", [], [GOOD]]) assert.equal(issues(input).length, 1, String(input));
});

Deno.test("parseSession() refuses an id when it is no DNS label", () => {
  for (const id of ["", "-a", "a-", "A", "a.b", "a_b", "ä", "a b", "a".repeat(64), "a\n", "a/b"]) {
    assertIssue({ id }, "id", /must be a DNS label/);
  }
  assert.deepEqual(issues({ address: "10.0.0.1", port: 1 }), ["id: is required"]);
  assertIssue({ id: 5 }, "id", /must be a string/);
  assert.equal(parse({ ...GOOD, id: "a".repeat(63) }).id.length, 63);
});

Deno.test("parseSession() refuses a port when it is no whole number from 1 to 65535", () => {
  for (const port of [0, -1, 70000, 65536, 1.5, "8080", "", null, true, [80]]) {
    assertIssue({ port }, "port", /must be a whole number from 1 to 65535, got /);
  }
});

Deno.test("parseSession() refuses an address when nobody can be called at it", () => {
  const cases: readonly [unknown, RegExp][] = [
    ["example.org", /not a name/],
    ["", /must be an IP address/],
    ["[::1]", /without brackets/],
    ["10.0.0.1:80", /its port in "port"/],
    ["[::1]:80", /without brackets/],
    ["010.0.0.1", /without leading zeros/],
    ["256.0.0.1", /from 0 to 255/],
    ["10.1", /must be an IP address/],
    ["0x7f000001", /must be an IP address/],
    [" 10.0.0.1", /must be an IP address/],
    ["fe80::1%eth0", /no zone/],
    ["::ffff:10.0.0.1", /IPv4 address that it stands for, 10\.0\.0\.1/],
    ["0.0.0.0", /unspecified/],
    ["::", /unspecified/],
    ["224.0.0.1", /multicast/],
    ["ff02::1", /multicast/],
    ["255.255.255.255", /broadcast/],
    [2130706433, /must be a string/],
  ];
  for (const [address, message] of cases) assertIssue({ address }, "address", message);
});

Deno.test("parseSession() takes an address when it is IPv4 or IPv6", () => {
  for (const address of ["127.0.0.1", "192.168.0.9", "::1", "2001:db8::1", "fd00::a:b"]) {
    assert.equal(parse({ ...GOOD, address }).backends[0]?.address, address);
  }
  assert.equal(parse({ ...GOOD, address: "2001:0DB8:0000::0001" }).backends[0]?.address, "2001:db8::1");
});

Deno.test("parseSession() refuses a host when a letter becomes ASCII only in lower case", () => {
  // The Kelvin sign: its lower case is k.
  assertIssue({ host: "\u212A.example.org" }, "host", /in ASCII/);
  assert.equal(parse({ ...GOOD, host: "K.example.org" }).host, "k.example.org");
});

Deno.test("parseSession() refuses a host when it is no DNS name of its own", () => {
  const cases: readonly [string, RegExp][] = [
    ["", /must be a DNS name/],
    ["a.example.org:443", /without a port/],
    ["*.example.org", /without a wildcard/],
    ["10.0.0.1", /not an IP address/],
    ["[::1]", /not an IP address/],
    ["a..b", /labels of 1 to 63/],
    [".a", /labels of 1 to 63/],
    ["a.example.org..", /labels of 1 to 63/],
    ["-a.example.org", /labels of 1 to 63/],
    ["a_b.example.org", /labels of 1 to 63/],
    [`${"a".repeat(64)}.org`, /labels of 1 to 63/],
    ["größe.example.org", /xn--/],
    ["a.1.2.3.4.5", /not end in a number/],
    [Array(64).fill("abc").join("."), /at most 253/],
  ];
  for (const [host, message] of cases) {
    assertIssue({ host }, "host", message);
    assertIssue({ aliases: ["ok.example.org", host] }, "aliases[1]", message);
  }
});

Deno.test("parseSession() refuses a registration when it has both forms of backends or neither", () => {
  const backends = [{ address: "10.0.0.2", port: 1 }];
  assert.deepEqual(issues({ ...GOOD, backends }).map((issue) => issue.split(":")[0]), ["address", "port"]);
  assert.deepEqual(issues({ id: "a" }).map((issue) => issue.split(":")[0]), ["address", "port"]);
  assert.deepEqual(issues({ id: "a", port: 1 }), ["address: is required, for there are no backends"]);
  assert.deepEqual(issues({ id: "a", backends: [] }), ["backends: must have at least one backend"]);
});

Deno.test("parseSession() refuses backends when two are the same or they are too many", () => {
  const list = (length: number) => Array.from({ length }, (_, i) => ({ address: "10.0.0.1", port: i + 1 }));
  assert.deepEqual(issues({ id: "a", backends: [...list(2), { address: "10.0.0.1", port: 2, weight: 5 }] }), [
    "backends[2]: is the same as backends[1]",
  ]);
  assert.deepEqual(issues({ id: "a", backends: list(64) }), []);
  assert.deepEqual(issues({ id: "a", backends: list(65) }), ["backends: must have at most 64 backends, got 65"]);
});

Deno.test("parseSession() refuses labels when they are not as Kubernetes has them", () => {
  const bad = ["", "/a", "a/", "a/b/c", "-a", "a-", "ä", "A.Example/x", "a".repeat(64), `${"a".repeat(254)}/x`];
  for (const key of bad) assert.equal(issues({ ...GOOD, labels: { [key]: "x" } }).length, 1, key);
  for (const value of ["a b", "-a", "a".repeat(64), 5, null]) {
    assert.equal(issues({ ...GOOD, labels: { a: value } }).length, 1);
  }
  const labels = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, "v"]));
  assertIssue({ labels }, "labels", /at most 64 labels, got 65/);
  assert.equal(issues({ ...GOOD, labels: JSON.parse('{"__proto__":"x"}') }).length, 1);
});

Deno.test("parseSession() refuses plugins when they are not objects of plain JSON", () => {
  assertIssue({ plugins: { auth: 5 } }, "plugins.auth", /must be an object/);
  assertIssue({ plugins: [] }, "plugins", /must be an object/);
  assertIssue({ plugins: { "a/b": {} } }, 'plugins["a/b"]', /plugin's name/);
  assertIssue({ plugins: { auth: { at: new Date(0) } } }, "plugins.auth.at", /an object of a class/);
  assertIssue({ plugins: { auth: { x: [1, Infinity] } } }, "plugins.auth.x[1]", /finite/);
  const deep = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;
  assert.match(issues({ ...GOOD, plugins: { auth: { x: JSON.parse(deep) } } })[0] ?? "", /nested deeper than 32/);
  const proto = JSON.parse('{"auth":{"x":{"__proto__":{"admin":true}}}}');
  assertIssue({ plugins: proto }, "plugins.auth.x.__proto__", /not a possible name/);
  assert.equal(issues({ ...GOOD, plugins: JSON.parse('{"auth":{"__proto__":{}}}') }).length, 1);
  assert.equal(issues({ ...GOOD, plugins: JSON.parse('{"__proto__":{}}') }).length, 1);
});

Deno.test("parseSession() refuses a ttl when it is no duration from 1s to 30d", () => {
  for (const ttl of ["", "5", "-5s", "1.5h", "forever"]) assertIssue({ ttl }, "ttl", /must be a duration/);
  for (const ttl of ["0s", "999ms", "30d1ms", "9999d"]) assertIssue({ ttl }, "ttl", /must be from 1s to 30d/);
  assert.equal(parse({ ...GOOD, ttl: "1s" }).ttlMs, 1_000);
  assert.equal(parse({ ...GOOD, ttl: "30d" }).ttlMs, 2_592_000_000);
});

Deno.test("parseSession() has the id that is known from elsewhere when the input has none or the same", () => {
  const { id: _, ...body } = GOOD;
  assert.deepEqual(issues(body, "a"), []);
  assert.deepEqual(issues(GOOD, "a"), []);
  assert.deepEqual(issues(GOOD, "b"), ['id: must be "b", as the request says elsewhere, or be left out']);
  assert.equal(issues(body, "B").length, 1);
});

Deno.test("parseSession() refuses a default host when the domain leaves no room for it", () => {
  const domain = Array(50).fill("abcd").join(".");
  const parsed = parseSession({ ...GOOD, id: "a".repeat(63) }, { domain });
  assert.deepEqual(parsed.ok ? [] : parsed.issues.map((issue) => issue.path), ["host"]);
});

Deno.test("parseSession() takes a Service of a namespace that sessions may lead to", () => {
  const parseIn = (serviceNamespaces: readonly string[] | undefined, service: unknown, more = {}) => {
    const options = { domain: DOMAIN, ...(serviceNamespaces && { serviceNamespaces }) };
    const parsed = parseSession({ id: "a", service, ...more }, options);
    return parsed.ok ? parsed.session : parsed.issues.map(({ path, message }) => `${path}: ${message}`);
  };
  const web = { namespace: "prod", name: "web", port: 80 };
  const session = { id: "a", host: "a.example.org", aliases: [], backends: [], labels: {}, plugins: {}, service: web };
  assert.deepEqual(parseIn(["prod", "test"], web), session);
  assert.deepEqual(parseIn(["*"], web), session);
  assert.deepEqual(parseIn(["prod"], { name: "web", port: 80 }), session);
  for (const several of [["prod", "test"], ["*"]]) {
    assert.deepEqual(parseIn(several, { name: "web", port: 80 }), [
      "service.namespace: is required: kubernetes.endpoints in the config has more than one",
    ]);
  }
  assert.deepEqual(parseIn(["test"], web), [
    'service.namespace: must be one of kubernetes.endpoints in the config, test, got "prod"',
  ]);
  assert.deepEqual(parseIn(undefined, web), ["service: is not possible: the config has no kubernetes.endpoints"]);
  assert.deepEqual(parseIn(["*"], { namespace: "Prod", name: "", port: 0 }), [
    'service.namespace: must be the name of a namespace, got "Prod"',
    'service.name: must be the name of a Service, got ""',
    "service.port: must be a whole number from 1 to 65535, got 0",
  ]);
  assert.deepEqual(parseIn(["*"], web, { address: "10.0.0.1", backends: [{ address: "10.0.0.1", port: 1 }] }), [
    "address: must be left out where there is a service",
    "backends: must be left out where there is a service",
  ]);
});

Deno.test("registrationSchema has a JSON Schema of what may be written", () => {
  const schema = z.toJSONSchema(registrationSchema, { io: "input" });
  assert.deepEqual(schema.required, ["id"]);
  assert.equal(schema.additionalProperties, false);
  assert.deepEqual(schema.oneOf, [
    { required: ["address", "port"] },
    { required: ["backends"] },
    { required: ["service"] },
  ]);
});
