import assert from "node:assert/strict";
import { type EndpointSlice, parseEndpointSlice, parseService, type Service } from "./kubernetes_service.ts";
import { ServiceSessions } from "./kubernetes_services.ts";

const createServices = () => new ServiceSessions({ domain: "example.org" });

function service(uid: string, changes: Partial<Service> = {}): Service {
  return {
    uid,
    namespace: "default",
    name: "web",
    createdAtMs: 0,
    terminating: false,
    labels: { "signalbox.dev/session": "s1" },
    annotations: {},
    ports: [{ name: "grpc", port: 80 }],
    ...changes,
  };
}

function slice(uid: string, changes: Partial<EndpointSlice> = {}): EndpointSlice {
  return {
    uid,
    namespace: "default",
    service: "web",
    family: "IPv4",
    ports: new Map([["grpc", 8080]]),
    addresses: ["10.0.0.1"],
    ...changes,
  };
}

const put = <T extends { readonly uid: string }>(...objects: readonly T[]) => new Map(objects.map((o) => [o.uid, o]));

/** The endpoints of each claim that changed. */
function endpoints({ claims }: ReturnType<ServiceSessions["apply"]>) {
  return Array.from(claims, ([key, claim]) => [
    key,
    claim?.session.backends.map(({ address, port }) => `${address}:${port}`).join(" "),
  ]);
}

Deno.test("ServiceSessions claim a session with all endpoints that are ready, whichever comes first", () => {
  const services = createServices();
  assert.deepEqual(endpoints(services.apply({ slices: put(slice("a"), slice("b", { addresses: ["10.0.0.2"] })) })), []);
  const { claims } = services.apply({ services: put(service("u")) });
  const claim = claims.get("service u");
  assert.equal(claim?.owner, "service default/web");
  assert.equal(claim?.session.host, "s1.example.org");
  assert.deepEqual(claim?.session.backends.map(({ address }) => address), ["10.0.0.1", "10.0.0.2"]);
  const more = services.apply({ slices: put(slice("b", { addresses: ["10.0.0.3", "10.0.0.1"] })) });
  assert.deepEqual(endpoints(more), [["service u", "10.0.0.1:8080 10.0.0.3:8080"]]);
});

Deno.test("ServiceSessions give a session up with its last endpoint, its Service or its deletion", () => {
  const start = () => {
    const services = createServices();
    services.apply({ services: put(service("u")), slices: put(slice("a")) });
    return services;
  };
  const gone = [["service u", undefined]];
  assert.deepEqual(endpoints(start().apply({ slices: put(slice("a", { addresses: [] })) })), gone);
  assert.deepEqual(endpoints(start().apply({ slices: new Map([["a", undefined]]) })), gone);
  assert.deepEqual(endpoints(start().apply({ services: new Map([["u", undefined]]) })), gone);
  assert.deepEqual(endpoints(start().apply({ services: put(service("u", { terminating: true })) })), gone);
  assert.deepEqual(endpoints(start().apply({ slices: put(slice("a", { service: "other" })) })), gone);
});

Deno.test("ServiceSessions say nothing of what stays as it was", () => {
  const services = createServices();
  services.apply({ services: put(service("u")), slices: put(slice("a"), slice("b", { addresses: ["10.0.0.2"] })) });
  const moved = put(slice("a", { addresses: ["10.0.0.2"] }), slice("b", { addresses: ["10.0.0.1"] }));
  assert.deepEqual(endpoints(services.apply({ slices: moved })), []);
});

Deno.test("ServiceSessions leave out other families, ports and Services of the same name", () => {
  const services = createServices();
  services.apply({ services: put(service("u", { family: "IPv6" })), slices: put(slice("a")) });
  const sixth = slice("b", { family: "IPv6", addresses: ["fd00::1"] });
  assert.deepEqual(endpoints(services.apply({ slices: put(sixth) })), [["service u", "fd00::1:8080"]]);
  const otherPort = new Map([["other", 1]]);
  assert.deepEqual(endpoints(services.apply({ slices: put({ ...sixth, ports: otherPort }) })), [
    ["service u", undefined],
  ]);
  // Made anew under its name: what is left of the earlier one is not its own.
  services.apply({ slices: put({ ...sixth, owner: "u" }) });
  const anew = services.apply({ services: new Map([["u", undefined], ["v", service("v", { family: "IPv6" })]]) });
  assert.deepEqual(endpoints(anew), [["service u", undefined]]);
  assert.deepEqual(endpoints(services.apply({ slices: put({ ...sixth, owner: "v" }) })), [[
    "service v",
    "fd00::1:8080",
  ]]);
});

Deno.test("ServiceSessions find the port by name or number, and say what is wrong", () => {
  const two = [{ name: "grpc", port: 80 }, { name: "admin", port: 81 }];
  const ask = (port?: string) => {
    const services = createServices();
    const annotations: Service["annotations"] = port === undefined ? {} : { "signalbox.dev/port": port };
    const slices = put(slice("a", { ports: new Map([["grpc", 8080], ["admin", 8081]]) }));
    const changes = services.apply({ services: put(service("u", { ports: two, annotations })), slices });
    return [endpoints(changes)[0]?.[1], services.issuesOf("u").map(({ path, message }) => `${path} ${message}`).join()];
  };
  assert.deepEqual(ask("admin"), ["10.0.0.1:8081", ""]);
  assert.deepEqual(ask("80"), ["10.0.0.1:8080", ""]);
  assert.deepEqual(ask(), [undefined, "signalbox.dev/port is required: the Service does not have one port alone"]);
  assert.deepEqual(ask("x"), [
    undefined,
    'signalbox.dev/port must be the number or the name of a port of the Service, got "x"',
  ]);
});

Deno.test("parseEndpointSlice() takes endpoints that are ready or say nothing, and none that is going", () => {
  const parsed = parseEndpointSlice({
    metadata: {
      uid: "a",
      namespace: "default",
      labels: { "kubernetes.io/service-name": "web" },
      ownerReferences: [{ kind: "Service", uid: "u", apiVersion: "v1", name: "web" }],
    },
    addressType: "IPv4",
    ports: [{ name: "", port: 8080, protocol: "TCP" }, { name: "dns", port: 53, protocol: "UDP" }, { name: "any" }],
    endpoints: [
      { addresses: ["10.0.0.1"], conditions: { ready: true, serving: true, terminating: false } },
      { addresses: ["10.0.0.2"] },
      { addresses: ["10.0.0.3"], conditions: { ready: false } },
      { addresses: ["10.0.0.4"], conditions: { ready: false, serving: true, terminating: true } },
      // As of a Service with publishNotReadyAddresses.
      { addresses: ["10.0.0.5"], conditions: { ready: true, serving: true, terminating: true } },
    ],
  });
  assert.deepEqual(parsed?.addresses, ["10.0.0.1", "10.0.0.2"]);
  assert.deepEqual(parsed?.ports, new Map([["", 8080]]));
  assert.equal(parsed?.owner, "u");
  assert.equal(parseEndpointSlice({ metadata: { uid: "a", namespace: "b" }, addressType: "IPv4" }), undefined);
});

Deno.test("parseService() takes TCP ports and the first family", () => {
  const parsed = parseService({
    metadata: { uid: "u", namespace: "default", name: "web", creationTimestamp: "1970-01-01T00:00:01Z" },
    spec: { ipFamilies: ["IPv6", "IPv4"], ports: [{ port: 80, protocol: "TCP" }, { port: 53, protocol: "UDP" }] },
  });
  assert.equal(parsed?.family, "IPv6");
  assert.deepEqual(parsed?.ports, [{ name: "", port: 80 }]);
  assert.equal(parsed?.createdAtMs, 1_000);
  assert.equal(parseService({}), undefined);
});
