import type { Plugin, Schemas } from "../../../../core/plugin/plugin.ts";

const session = ({ z }: Schemas) =>
  z.strictObject({ does: z.enum(["routes", "hosts", "forget", "redirect", "upgrade"]) }).optional();

/** What other plugins may do to a session's virtual hosts, before or after the plugin that is tested. */
export default {
  apiVersion: 1,
  session,
  setup: () => ({
    virtualHost: {
      order: "post",
      run(host, { session, input }) {
        const [route] = host.routes ?? [];
        switch (input?.does) {
          case "routes": {
            const user = { header: { key: "x-user", value: "forged" } };
            const routes = ["/signalbox.dev.Echo/Say", "/"].map((prefix) => (
              { ...route, match: { prefix }, requestHeadersToAdd: [user] }
            ));
            return { ...host, routes };
          }
          case "hosts":
            return host.domains?.map((domain) => ({ ...host, name: domain, domains: [domain] }));
          case "forget":
            return {
              name: host.name,
              domains: host.domains,
              routes: [{ match: { prefix: "/" }, route: { cluster: session.id } }],
            };
          case "redirect": {
            const internalRedirectPolicy = { maxInternalRedirects: { value: 2 } };
            return { ...host, routes: [{ ...route, route: { ...route?.route, internalRedirectPolicy } }] };
          }
          case "upgrade":
            return {
              ...host,
              routes: [{ ...route, route: { ...route?.route, upgradeConfigs: [{ upgradeType: "websocket" }] } }],
            };
        }
      },
    },
  }),
} satisfies Plugin<undefined, typeof session>;
