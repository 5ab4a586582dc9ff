import type { Plugin, Session } from "../../core/plugin/plugin.ts";
import { askForCertificates, isListenersName } from "./listener_tls.ts";
import { type Config, config, type Input, session } from "./options.ts";
import { buildCertificate, encryptToPod, podSecrets } from "./pod_tls.ts";

/** TLS to a session's pod, and the certificate that clients are shown at its hosts. */
export default {
  apiVersion: 1,
  config,
  session,
  examples: [
    { config: {} },
    {
      config: { certificates: { listenerNames: ["*.example.org"] } },
      session: {
        pod: {
          ca: { file: "session-1/pod-ca.pem" },
          names: ["spiffe://example.org/pod"],
          certificate: { cert: { file: "session-1/envoy.pem" }, key: { file: "session-1/envoy.key" } },
        },
      },
    },
  ],
  setup(config, { name }) {
    const { certificates } = config;
    return {
      // After plugins that make more clusters of one.
      cluster: {
        order: "post",
        run: (cluster, { session, input }) => encryptToPod(name, config, input, session, cluster),
      },
      secret: ({ session, input }) => [
        ...podSecrets(name, config, input, session),
        ...hostCertificates(config, input, session),
      ],
      listener: (listener) => certificates && askForCertificates(listener, certificates),
    };
  },
} satisfies Plugin<typeof config, typeof session>;

/** The session's certificate under the name of each of its hosts, as Envoy asks for it. */
function hostCertificates({ certificates }: Config, { certificate }: Input, { host, aliases }: Session) {
  if (!certificate) return [];
  if (!certificates) throw new Error("certificate: the operator has not configured certificates");
  const hosts = [host, ...aliases].filter((name) => !isListenersName(name, certificates));
  if (hosts.length === 0) throw new Error("certificate: all hosts of the session have the listener's");
  return hosts.map((name) => buildCertificate(name, certificate));
}
