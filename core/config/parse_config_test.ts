import assert from "node:assert/strict";
import { SignalboxError } from "../signalbox_error.ts";
import { parseConfig } from "./parse_config.ts";

const options = { baseDir: "/etc/signalbox" };

function problemsOf(text: string): readonly string[] {
  try {
    parseConfig(text, options);
  } catch (thrown) {
    assert(thrown instanceof SignalboxError);
    assert.equal(thrown.code, "invalid_config");
    return thrown.message.split("\n");
  }
  assert.fail("the config was accepted");
}

Deno.test("parseConfig() fills in every default when only the domain is given", () => {
  assert.deepEqual(parseConfig("domain: Example.org", options), {
    domain: "example.org",
    http: { address: "127.0.0.1", port: 8080, tokens: [], longPollMs: 800 },
    xds: { address: "127.0.0.1", port: 18000, tokens: [], maxConnectionAgeMs: 1_800_000 },
    grpc: { enabled: true, address: "127.0.0.1", port: 8081, tokens: [] },
    store: { kind: "sqlite", path: "/etc/signalbox/.signalbox/sessions.db" },
    delivery: { routes: "scoped", clusters: "push", maxUnknownNames: 10_000, drainMs: 5000 },
    listeners: [{ name: "ingress", address: "127.0.0.1", port: 10000 }],
    groups: [{ name: "default", listeners: ["ingress"] }],
    plugins: [],
    sessionSecrets: {},
    log: { level: "info", format: "text" },
  });
});

Deno.test("parseConfig() fills in the rest when a section is given in part", () => {
  const config = parseConfig(
    "{domain: a, http: {port: 0}, store: {path: /data/s.db}, listeners: [{name: a, port: 1}], log: {format: json}}",
    options,
  );
  assert.deepEqual(config.http, { address: "127.0.0.1", port: 0, tokens: [], longPollMs: 800 });
  assert.deepEqual(config.store, { kind: "sqlite", path: "/data/s.db" });
  assert.deepEqual(config.listeners, [{ name: "a", address: "0.0.0.0", port: 1 }]);
  assert.deepEqual(config.log, { level: "info", format: "json" });
});

Deno.test("parseConfig() takes how long polls are held as a duration, 0s too", () => {
  const longPollOf = (text: string) => parseConfig(`{domain: a, http: {longPoll: ${text}}}`, options).http.longPollMs;
  assert.deepEqual([longPollOf("0s"), longPollOf("1500ms")], [0, 1500]);
  assert.deepEqual(problemsOf("{domain: a, http: {longPoll: 5}}"), ["signalbox.yaml:1: http.longPoll: must be a text"]);
});

Deno.test("parseConfig() takes relative paths from baseDir and leaves absolute ones when both are given", () => {
  const config = parseConfig(
    "{domain: a, store: {path: ../s.db}, listeners: [{name: a, port: 1, tls: {cert: tls.crt, key: /run/tls.key}}]}",
    options,
  );
  assert.deepEqual(config.store, { kind: "sqlite", path: "/etc/s.db" });
  assert.deepEqual(config.listeners[0]?.tls, { cert: "/etc/signalbox/tls.crt", key: "/run/tls.key" });
});

Deno.test("parseConfig() gives a group the listeners that it names, or all", () => {
  const listeners = "listeners: [{name: a, port: 1}, {name: b, port: 2}]";
  const { groups } = parseConfig(`{domain: a, ${listeners}, groups: [{name: x, listeners: [b]}, {name: y}]}`, options);
  assert.deepEqual(groups.map((group) => group.listeners), [["b"], ["a", "b"]]);
  assert.deepEqual(problemsOf(`{domain: a, groups: [{name: x, listeners: [c]}, {name: x}]}`), [
    'signalbox.yaml:1: groups[0].listeners[0]: there is no listener "c"',
    "signalbox.yaml:1: groups[1].name: is also the name of groups[0]",
  ]);
  assert.deepEqual(problemsOf("{domain: a, groups: []}"), [
    "signalbox.yaml:1: groups: must have at least one group, or be left out",
  ]);
});

Deno.test("parseConfig() takes paths of plugins and of secrets from baseDir too, and leaves a plugin's config as it is", () => {
  const config = parseConfig(
    "{domain: a, sessionSecrets: {folder: run}, plugins: [{name: p, from: ./p.ts, config: {file: x}}, {name: timeouts}]}",
    options,
  );
  assert.deepEqual(config.sessionSecrets, { folder: "/etc/signalbox/run" });
  const { baseDir } = options;
  assert.deepEqual(config.plugins, [
    { name: "p", from: "/etc/signalbox/p.ts", onError: "keep-last", config: { file: "x" }, baseDir },
    { name: "timeouts", onError: "keep-last", baseDir },
  ]);
});

Deno.test("parseConfig() takes Secrets of a Kubernetes in namespaces that are named alone", () => {
  const { kubernetes, sessionSecrets } = parseConfig(
    "{domain: a, kubernetes: {secrets: {namespaces: [x], selector: a=b}}, sessionSecrets: {kubernetes: {namespace: y}}}",
    options,
  );
  assert.deepEqual(kubernetes, { secrets: { namespaces: ["x"], selector: "a=b" } });
  assert.deepEqual(sessionSecrets, { kubernetes: { namespace: "y" } });
  const wrong = '{domain: a, kubernetes: {secrets: {namespaces: ["*"]}}, sessionSecrets: {kubernetes: {selector: ""}}}';
  assert.deepEqual(problemsOf(wrong), [
    "signalbox.yaml:1: sessionSecrets.kubernetes.namespace: is required",
    "signalbox.yaml:1: sessionSecrets.kubernetes.selector: must be a label selector such as app=sandbox",
    "signalbox.yaml:1: kubernetes.secrets.namespaces[0]: must be the name of a namespace",
  ]);
});

Deno.test("parseConfig() refuses plugins of one name, reserved names, and pins of what comes with Signalbox", () => {
  const sha256 = "ab".repeat(32);
  const text = `domain: a
plugins:
  - { name: p }
  - { name: listener }
  - { name: p, sha256: ${sha256} }
  - { name: q, from: q.js, sha256: abc, onError: ignore }
`;
  assert.deepEqual(problemsOf(text), [
    "signalbox.yaml:4: plugins[1].name: is reserved",
    "signalbox.yaml:5: plugins[2].sha256: goes with from: what comes with Signalbox is not pinned",
    "signalbox.yaml:5: plugins[2].name: is also the name of plugins[0]",
    "signalbox.yaml:6: plugins[3].sha256: must be 64 hex digits",
    "signalbox.yaml:6: plugins[3].onError: must be keep-last, skip or withdraw",
  ]);
});

Deno.test("parseConfig() has no listeners when the list is empty", () => {
  assert.deepEqual(parseConfig("{domain: a, listeners: []}", options).listeners, []);
});

Deno.test("parseConfig() reports every problem with line and path when there are several", () => {
  const text = `domain: example_org
http: { address: localhost, prot: 1 }
store:
  kind: memory
  path: x.db
delivery: { routes: srds, clusters: lazy, drain: soon }
listeners:
  - { name: a, address: 0.0.0.0, port: 80 }
  - name: a
    port: 80
  - name: "-"
    port: 70000
    tls: { cert: a.crt }
log:
colour: red
`;
  assert.deepEqual(problemsOf(text), [
    "signalbox.yaml:1: domain: must be a DNS name such as example.org",
    "signalbox.yaml:2: http.address: must be an IP address such as 127.0.0.1, 0.0.0.0 or ::1",
    "signalbox.yaml:2: http.prot: is not a known key",
    "signalbox.yaml:5: store.path: is not a known key",
    "signalbox.yaml:6: delivery.routes: must be scoped, rds or vhds",
    "signalbox.yaml:6: delivery.clusters: must be push or on-demand",
    'signalbox.yaml:6: delivery.drain: must be a duration such as "30s", "5m" or "1h30m"',
    "signalbox.yaml:9: listeners[1].name: is also the name of listeners[0]",
    "signalbox.yaml:10: listeners[1].port: 0.0.0.0:80 is taken by listeners[0]",
    "signalbox.yaml:11: listeners[2].name: must be 1 to 63 of letters, digits, dots, hyphens and underscores, " +
    "and begin and end with a letter or digit",
    "signalbox.yaml:12: listeners[2].port: must be 0 to 65535",
    "signalbox.yaml:13: listeners[2].tls.key: is required",
    "signalbox.yaml:14: log: is empty: it must be a mapping, or leave it out",
    "signalbox.yaml:15: colour: is not a known key",
  ]);
});

Deno.test("parseConfig() names the type it wants when a value has another", () => {
  const cases: readonly [string, string][] = [
    ["", "signalbox.yaml: domain: is required"],
    ["# only a comment", "signalbox.yaml: domain: is required"],
    ["http: {}", "signalbox.yaml: domain: is required"],
    ["- a", "signalbox.yaml: must be a mapping"],
    ["hello", "signalbox.yaml: must be a mapping"],
    ["domain: 5", "signalbox.yaml:1: domain: must be a text"],
    ["domain: ''", "signalbox.yaml:1: domain: must be a DNS name such as example.org"],
    ["domain: 10.0.0.1", "signalbox.yaml:1: domain: must not end in a number"],
    ["domain: a.123", "signalbox.yaml:1: domain: must not end in a number"],
    ["{domain: a, http: 8080}", "signalbox.yaml:1: http: must be a mapping"],
    ["{domain: a, http: {port: '8080'}}", "signalbox.yaml:1: http.port: must be a number"],
    ["{domain: a, http: {port: 80.5}}", "signalbox.yaml:1: http.port: must be a whole number"],
    ["{domain: a, http: {port: -1}}", "signalbox.yaml:1: http.port: must be 0 to 65535"],
    ["{domain: a, http: {port: .inf}}", "signalbox.yaml:1: http.port: must be a number"],
    ["{domain: a, xds: {port: 8080}}", "signalbox.yaml:1: xds.port: 127.0.0.1:8080 is taken by http"],
    ["{domain: a, http: {port: 18000}}", "signalbox.yaml:1: http.port: 127.0.0.1:18000 is taken by xds"],
    [
      "{domain: a, http: {address: 0.0.0.0, port: 80}, xds: {port: 80}}",
      "signalbox.yaml:1: xds.port: 127.0.0.1:80 is taken by http, which has 0.0.0.0:80",
    ],
    [
      "{domain: a, http: {address: '::1', port: 80}, xds: {address: '::', port: 80}}",
      "signalbox.yaml:1: xds.port: [::]:80 is taken by http, which has [::1]:80",
    ],
    ["{domain: a, http: {port: 8081}}", "signalbox.yaml:1: http.port: 127.0.0.1:8081 is taken by grpc"],
    ["{domain: a, grpc: {port: 18000}}", "signalbox.yaml:1: grpc.port: 127.0.0.1:18000 is taken by xds"],
    [
      "{domain: a, grpc: {address: a}}",
      "signalbox.yaml:1: grpc.address: must be an IP address such as 127.0.0.1, 0.0.0.0 or ::1",
    ],
    ["{domain: a, grpc: {port: 70000}}", "signalbox.yaml:1: grpc.port: must be 0 to 65535"],
    ["{domain: a, grpc: {enabled: no}}", "signalbox.yaml:1: grpc.enabled: must be true or false"],
    ["{domain: a, grpc: {tls: {key: a}}}", "signalbox.yaml:1: grpc.tls.cert: is required"],
    ["{domain: a, grpc: false}", "signalbox.yaml:1: grpc: must be a mapping"],
    [
      "{domain: a, xds: {address: 0.0.0.0}, grpc: {port: 18000}}",
      "signalbox.yaml:1: grpc.port: 127.0.0.1:18000 is taken by xds, which has 0.0.0.0:18000",
    ],
    ["{domain: a, store: {kind: redis}}", "signalbox.yaml:1: store.kind: must be sqlite, memory or kubernetes"],
    ["{domain: a, store: memory}", "signalbox.yaml:1: store: must be a mapping"],
    ["{domain: a, store: {path: ''}}", "signalbox.yaml:1: store.path: must be the path of a file"],
    ["{domain: a, listeners: {}}", "signalbox.yaml:1: listeners: must be a list"],
    ["{domain: a, listeners: [a]}", "signalbox.yaml:1: listeners[0]: must be a mapping"],
    ["{domain: a, listeners: [{name: a}]}", "signalbox.yaml:1: listeners[0].port: is required"],
    ["{domain: a, log: {level: trace}}", "signalbox.yaml:1: log.level: must be debug, info, warn or error"],
  ];
  for (const [text, problem] of cases) assert.deepEqual(problemsOf(text), [problem], text);
});

Deno.test("parseConfig() accepts one port for HTTP and xDS on addresses that exclude each other", () => {
  for (const [http, xds] of [["127.0.0.1", "127.0.0.2"], ["127.0.0.1", "::1"], ["0.0.0.0", "::1"]]) {
    const text = `{domain: a, http: {address: "${http}", port: 80}, xds: {address: "${xds}", port: 80}}`;
    assert.equal(parseConfig(text, options).xds.port, 80);
  }
});

Deno.test("parseConfig() names what is wrong with a kubernetes section", () => {
  assert.deepEqual(
    problemsOf(`domain: a
kubernetes:
  kubeconfig: ""
  context: ""
  pods:
    selector: ""
    namespaces: [Big, "*"]
    port: 0
  nodes: {}
`),
    [
      "signalbox.yaml:3: kubernetes.kubeconfig: must be the path of a file",
      "signalbox.yaml:4: kubernetes.context: must be the name of a context",
      "signalbox.yaml:6: kubernetes.pods.selector: must be a label selector such as app=sandbox",
      'signalbox.yaml:7: kubernetes.pods.namespaces[0]: must be the name of a namespace, or "*" for all',
      'signalbox.yaml:7: kubernetes.pods.namespaces: must have "*" alone',
      "signalbox.yaml:8: kubernetes.pods.port: must be 1 to 65535",
      "signalbox.yaml:9: kubernetes.nodes: is not a known key",
    ],
  );
  assert.deepEqual(problemsOf('{domain: a, kubernetes: {pods: {namespaces: [a, "*"]}}}'), [
    'signalbox.yaml:1: kubernetes.pods.namespaces: must have "*" alone',
  ]);
  assert.deepEqual(parseConfig("{domain: a, kubernetes: {pods: {}, services: {}}}", options).kubernetes, {
    pods: { selector: "signalbox.dev/session" },
    services: { selector: "signalbox.dev/session" },
  });
});

Deno.test("parseConfig() accepts one port on two addresses and any number of port 0", () => {
  const text = `{domain: a, http: {port: 0}, xds: {port: 0}, grpc: {port: 0}, listeners: [
    {name: a, address: 10.0.0.1, port: 80}, {name: b, address: "::1", port: 80}, {name: c, port: 0}, {name: d, port: 0}]}`;
  assert.equal(parseConfig(text, options).listeners.length, 4);
});

Deno.test("parseConfig() accepts a port of the gRPC API that another has when the gRPC API is switched off", () => {
  const { grpc } = parseConfig("{domain: a, grpc: {enabled: false, port: 8080}}", options);
  assert.deepEqual(grpc, { enabled: false, address: "127.0.0.1", port: 8080, tokens: [] });
});

Deno.test("parseConfig() points at the line when the YAML cannot be read", () => {
  assert.match(problemsOf("domain: a\nhttp: {port: 1")[0] ?? "", /^signalbox\.yaml:2: /);
  assert.match(problemsOf("domain: a\ndomain: b")[0] ?? "", /^signalbox\.yaml:2: .*unique/);
  assert.deepEqual(problemsOf("domain: a\n---\ndomain: b"), ["signalbox.yaml:2: must be one YAML document"]);
  assert.match(problemsOf("domain: *nowhere")[0] ?? "", /nowhere/);
});

Deno.test("parseConfig() calls the file by fileName when it is given", () => {
  assert.throws(
    () => parseConfig("{}", { ...options, fileName: "a/b.yaml" }),
    /^SignalboxError: a\/b\.yaml: domain: is required$/,
  );
});

Deno.test("parseConfig() lists the problems' paths when it throws", () => {
  assert.throws(() => parseConfig("{listeners: [{name: a, port: 70000}]}", options), {
    issues: [
      { path: "domain", message: "is required" },
      { path: "listeners[0].port", message: "must be 0 to 65535" },
    ],
  });
});

const HASH = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";

Deno.test("parseConfig() takes a server's files from baseDir", () => {
  const tls = "{cert: a.crt, key: a.key, clientCa: ca.crt, clientNames: [cn:a]}";
  const { http, xds } = parseConfig(`{domain: a, http: {tls: ${tls}, tokensFile: t.yaml}}`, options);
  const folder = "/etc/signalbox";
  assert.deepEqual(http, {
    address: "127.0.0.1",
    port: 8080,
    tls: { cert: `${folder}/a.crt`, key: `${folder}/a.key`, clientCa: `${folder}/ca.crt`, clientNames: ["cn:a"] },
    tokens: [],
    tokensFile: `${folder}/t.yaml`,
    longPollMs: 800,
  });
  assert.equal(xds.tls, undefined);
});

Deno.test("parseConfig() refuses tokens and identities that cannot be meant so", () => {
  const cases: readonly [string, string][] = [
    ["http: {tokens: [{name: a}]}", "http.tokens[0].sha256: is required"],
    [
      "http: {tokens: [{name: a, sha256: abc}]}",
      "http.tokens[0].sha256: must be 64 hex digits, as `signalbox token new` prints them",
    ],
    [
      `http: {tokens: [{name: "a b", sha256: ${HASH}}]}`,
      "http.tokens[0].name: must be 1 to 63 of letters, digits, dots, hyphens and underscores",
    ],
    [
      `http: {tokens: [{name: a, sha256: ${HASH}}, {name: b, sha256: ${HASH}}]}`,
      "http.tokens[1].sha256: is also the sha256 of http.tokens[0]",
    ],
    [
      "http: {tls: {cert: a, key: b, clientNames: []}}",
      "http.tls.clientNames: must have at least one name, or be left out",
    ],
    [
      "http: {tls: {cert: a, key: b, clientNames: [edge]}}",
      "http.tls.clientNames[0]: must begin with uri:, dns:, cn: or token:, as in dns:edge-1.example.org",
    ],
    [
      "groups: [{name: x, match: {identities: [cn:a]}}]",
      "groups[0].match.identities[0]: no Envoy is asked for a certificate: xds.tls.clientCa is missing",
    ],
    [
      "groups: [{name: x, match: {identities: [token:a]}}]",
      'groups[0].match.identities[0]: there is no "a" in xds.tokens',
    ],
  ];
  for (const [text, problem] of cases) {
    assert.deepEqual(problemsOf(`{domain: a, ${text}}`), [`signalbox.yaml:1: ${problem}`], text);
  }
  const known = [
    `xds: {tokens: [{name: a, sha256: ${HASH}}]}, groups: [{name: x, match: {identities: [token:a]}}]`,
    "xds: {tokensFile: t.yaml}, groups: [{name: x, match: {identities: [token:a]}}]",
    "xds: {tls: {cert: a, key: b, clientCa: c}}, groups: [{name: x, match: {identities: [cn:a]}}]",
  ];
  for (const text of known) parseConfig(`{domain: a, ${text}}`, options);
});
