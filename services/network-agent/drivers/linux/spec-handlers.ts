/** How each of the five kinds of specs is applied on a Linux host. The reconciler creates its bridges before and deletes them after. */
import { bridgeName } from '#shared/contracts/names.ts';
import type { AllRecords, SpecKind, Specs } from '../records.ts';
import { ipBatch, type Links } from './commands.ts';
import { dirOf, ensureDhcp, ensureDhcpGone, networkOf, pidOf } from './dhcp.ts';
import { metadataAddress } from './dnsmasq-files.ts';
import { ensureExternal, ensureExternalGone } from './external.ts';
import type { Firewall } from './firewall.ts';
import type { ListenerSpec, Metadata } from './metadata.ts';
import type { Names } from './names.ts';
import { isListed } from './namespaces.ts';
import { ensureRouter, ensureRouterGone, ensureRouterNamespace, routerInterfaces } from './router.ts';
import type { Underlay } from './underlay.ts';

export interface LinuxHost {
  readonly underlay: Underlay;
  readonly records: AllRecords;
  readonly firewall: Firewall;
  readonly metadata: Metadata;
  readonly stateDir: string;
  /** Name servers for networks that have none. */
  readonly upstream: readonly string[];
}

/** The links and namespaces of the host at one time. */
export interface HostState {
  readonly links: Links;
  readonly namespaces: ReadonlySet<string>;
}

export interface SpecHandler<Spec> {
  /** Applies the spec. Returns the parts that the kernel refused; the others are applied, and these are retried. */
  ensure(host: LinuxHost, spec: Spec): Promise<readonly string[]>;
  /** `spec` is the last one applied, if this host still has it. */
  ensureGone(host: LinuxHost, id: string, spec: Spec | undefined): Promise<void>;
  /** False when something is visibly missing. */
  isComplete(host: LinuxHost, spec: Spec, state: HostState): boolean;
  /** The namespace that belongs to the spec alone. */
  namespace?(host: LinuxHost, spec: Spec): string;
}

export const specHandlers: { readonly [K in SpecKind]: SpecHandler<Specs[K]> } = {
  port: {
    ensure: async ({ firewall }, { id, tap, segment: { bridge } }) => {
      const links = await firewall.load();
      const link = links.get(tap);
      if (link && !isPlugged(links, tap, bridge))
        await ipBatch([`link set ${tap} master ${bridge}`, `link set ${tap} up`]);
      return refusedRules(firewall, id);
    },
    ensureGone: async ({ firewall }) => {
      await firewall.load();
    },
    isComplete: (_, { tap, segment }, { links }) => !links.has(tap) || isPlugged(links, tap, segment.bridge),
  },
  group: {
    ensure: async ({ firewall }, { id }) => {
      await firewall.load();
      return refusedRules(firewall, id);
    },
    ensureGone: async ({ firewall }) => {
      await firewall.load();
    },
    isComplete: () => true,
  },
  dhcp: {
    ensure: async ({ underlay: { names }, stateDir, firewall, metadata, upstream }, spec) => {
      const networkId = networkOf(spec.id);
      const namespace = names.dhcpNamespace(networkId);
      if (!isListed(namespace)) await metadata.closeExcept(namespace, []); // its sockets were in the deleted namespace
      await firewall.load();
      await ensureDhcp({ names, stateDir, upstream }, spec);
      await metadata.ensureListeners(namespace, [dhcpListener(names, spec)]);
      return [];
    },
    namespace: ({ underlay: { names } }, { id }) => names.dhcpNamespace(networkOf(id)),
    ensureGone: async ({ underlay: { names }, metadata }, id, spec) => {
      const networkId = networkOf(id);
      await metadata.closeExcept(names.dhcpNamespace(networkId), []);
      await ensureDhcpGone(names, networkId, spec?.port.id);
    },
    isComplete: ({ underlay: { names }, metadata }, spec, { links, namespaces }) => {
      const listener = dhcpListener(names, spec);
      const runs = pidOf(dirOf(names, networkOf(spec.id))) !== null;
      const plugged = isPlugged(links, names.veth(spec.port.id), spec.segment.bridge);
      return runs && plugged && namespaces.has(listener.namespace) && metadata.areOpen([listener]);
    },
  },
  router: {
    ensure: async ({ underlay: { names }, firewall, metadata }, spec) => {
      const namespace = names.routerNamespace(spec.id);
      if (!isListed(namespace)) await metadata.closeExcept(namespace, []);
      await firewall.load();
      await ensureRouterNamespace(names, spec.id);
      // A listener closes only when no rule redirects to it, so no side reaches the listener of another.
      const ports = await metadata.ensureListeners(namespace, routerListeners(names, spec));
      const refused = await ensureRouter(names, spec, ports);
      await metadata.closeExcept(namespace, [...ports.keys()]);
      return refused;
    },
    namespace: ({ underlay: { names } }, { id }) => names.routerNamespace(id),
    ensureGone: async ({ underlay: { names }, metadata }, id, spec) => {
      await metadata.closeExcept(names.routerNamespace(id), []);
      await ensureRouterGone(names, id, spec);
    },
    isComplete: ({ underlay: { names }, metadata }, spec, { links, namespaces }) => {
      const namespace = names.routerNamespace(spec.id);
      const plugged = routerInterfaces(spec).every(({ portId, segment }) =>
        isPlugged(links, names.routerVeth(portId), segment.bridge),
      );
      return plugged && namespaces.has(namespace) && metadata.areOpen(routerListeners(names, spec));
    },
  },
  external: {
    ensure: async ({ firewall }, spec) => {
      await ensureExternal(spec);
      await firewall.load();
      return [];
    },
    ensureGone: async ({ underlay: { names }, firewall }, id) => {
      await ensureExternalGone(bridgeName(names.cloudId, networkOf(id)));
      await firewall.load();
    },
    isComplete: (_, { segment, hostAddress }, { links }) =>
      hostAddress === null || links.get(segment.bridge)?.addresses.includes(hostAddress) === true,
  },
};

const refusedRules = (firewall: Firewall, id: string) =>
  firewall.isClosed(id) ? ['its rules, which the kernel refuses: it has no traffic'] : [];

const isPlugged = (links: Links, link: string, bridge: string): boolean =>
  links.get(link)?.up === true && links.get(link)?.master === bridge;

const dhcpListener = (names: Names, { id, segment }: Specs['dhcp']): ListenerSpec => ({
  namespace: names.dhcpNamespace(networkOf(id)),
  side: 'network', // one per namespace, whatever its port
  networkId: segment.networkId,
  host: metadataAddress,
  port: 80,
});

const routerListeners = (names: Names, { id, interfaces }: Specs['router']): ListenerSpec[] =>
  interfaces.map(({ portId, segment }) => ({
    namespace: names.routerNamespace(id),
    side: portId,
    networkId: segment.networkId,
    host: '0.0.0.0',
    port: 0,
  }));
