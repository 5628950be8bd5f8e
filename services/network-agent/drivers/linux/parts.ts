/** The five kinds of specs, and what each is on a Linux host. Its bridges are made before, and dropped after, by the driver. */
import { bridgeName } from '#shared/contracts/names.ts';
import type { AllRecords, Kind, Specs } from '../records.ts';
import type { Underlay } from './bridge.ts';
import { ipBatch, type Links } from './commands.ts';
import { dirOf, ensureDhcp, ensureDhcpGone, networkOf, pidOf } from './dhcp.ts';
import { metadataAddress } from './dnsmasq-files.ts';
import { ensureExternal, ensureExternalGone } from './external.ts';
import type { Firewall } from './firewall.ts';
import type { Endpoint, Metadata } from './metadata.ts';
import type { Names } from './names.ts';
import { isListed } from './namespaces.ts';
import { ensureRouter, ensureRouterGone, ensureRouterSpace, legsOf } from './router.ts';

export interface World {
  readonly underlay: Underlay;
  readonly records: AllRecords;
  readonly firewall: Firewall;
  readonly metadata: Metadata;
  readonly stateDir: string;
  /** Name servers for networks that have none. */
  readonly upstream: readonly string[];
}

/** What stands on the host, seen in one look. */
export interface Look {
  readonly links: Links;
  readonly spaces: ReadonlySet<string>;
}

export interface Part<Spec> {
  /** Gives what the kernel did not take; it keeps nothing else from standing, and is tried again. */
  ensure(world: World, spec: Spec): Promise<readonly string[]>;
  /** `spec` is what was asked last, when this host still knows it. */
  ensureGone(world: World, id: string, spec: Spec | undefined): Promise<void>;
  /** False when it is plain that something is missing. */
  isWhole(world: World, spec: Spec, look: Look): boolean;
  /** The namespace that is the spec's own. */
  space?(world: World, spec: Spec): string;
}

export const parts: { readonly [K in Kind]: Part<Specs[K]> } = {
  port: {
    ensure: async ({ firewall }, { id, tap, segment: { bridge } }) => {
      const links = await firewall.load();
      const link = links.get(tap);
      if (link && !isPlugged(links, tap, bridge))
        await ipBatch([`link set ${tap} master ${bridge}`, `link set ${tap} up`]);
      return closedBy(firewall, id);
    },
    ensureGone: async ({ firewall }) => {
      await firewall.load();
    },
    isWhole: (_, { tap, segment }, { links }) => !links.has(tap) || isPlugged(links, tap, segment.bridge),
  },
  group: {
    ensure: async ({ firewall }, { id }) => {
      await firewall.load();
      return closedBy(firewall, id);
    },
    ensureGone: async ({ firewall }) => {
      await firewall.load();
    },
    isWhole: () => true,
  },
  dhcp: {
    ensure: async ({ underlay: { names }, stateDir, firewall, metadata, upstream }, spec) => {
      const networkId = networkOf(spec.id);
      const space = names.dhcpSpace(networkId);
      if (!isListed(space)) await metadata.keepOnly(space, []); // its sockets went with the old one
      await firewall.load();
      await ensureDhcp({ names, stateDir, upstream }, spec);
      await metadata.ensureDoors(space, [dhcpDoor(names, spec)]);
      return [];
    },
    space: ({ underlay: { names } }, { id }) => names.dhcpSpace(networkOf(id)),
    ensureGone: async ({ underlay: { names }, metadata }, id, spec) => {
      const networkId = networkOf(id);
      await metadata.keepOnly(names.dhcpSpace(networkId), []);
      await ensureDhcpGone(names, networkId, spec?.port.id);
    },
    isWhole: ({ underlay: { names }, metadata }, spec, { links, spaces }) => {
      const endpoint = dhcpDoor(names, spec);
      const runs = pidOf(dirOf(names, networkOf(spec.id))) !== null;
      const plugged = isPlugged(links, names.veth(spec.port.id), spec.segment.bridge);
      return runs && plugged && spaces.has(endpoint.space) && metadata.areOpen([endpoint]);
    },
  },
  router: {
    ensure: async ({ underlay: { names }, firewall, metadata }, spec) => {
      const space = names.routerSpace(spec.id);
      if (!isListed(space)) await metadata.keepOnly(space, []);
      await firewall.load();
      await ensureRouterSpace(names, spec.id);
      // A door closes only when no rule leads to it any more, so no side ever finds the door of another.
      const ports = await metadata.ensureDoors(space, routerDoors(names, spec));
      const refused = await ensureRouter(names, spec, ports);
      await metadata.keepOnly(space, [...ports.keys()]);
      return refused;
    },
    space: ({ underlay: { names } }, { id }) => names.routerSpace(id),
    ensureGone: async ({ underlay: { names }, metadata }, id, spec) => {
      await metadata.keepOnly(names.routerSpace(id), []);
      await ensureRouterGone(names, id, spec);
    },
    isWhole: ({ underlay: { names }, metadata }, spec, { links, spaces }) => {
      const space = names.routerSpace(spec.id);
      const plugged = legsOf(spec).every(({ portId, segment }) => isPlugged(links, names.veth(portId), segment.bridge));
      return plugged && spaces.has(space) && metadata.areOpen(routerDoors(names, spec));
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
    isWhole: (_, { segment, hostAddress }, { links }) =>
      hostAddress === null || links.get(segment.bridge)?.addresses.includes(hostAddress) === true,
  },
};

const closedBy = (firewall: Firewall, id: string) =>
  firewall.isClosed(id) ? ['its rules, which the kernel does not take: it is closed'] : [];

const isPlugged = (links: Links, link: string, bridge: string): boolean =>
  links.get(link)?.up === true && links.get(link)?.master === bridge;

const dhcpDoor = (names: Names, { id, segment }: Specs['dhcp']): Endpoint => ({
  space: names.dhcpSpace(networkOf(id)),
  side: 'network', // the namespace has one, whichever port it is

  networkId: segment.networkId,
  host: metadataAddress,
  port: 80,
});

const routerDoors = (names: Names, { id, interfaces }: Specs['router']): Endpoint[] =>
  interfaces.map(({ portId, segment }) => ({
    space: names.routerSpace(id),
    side: portId,
    networkId: segment.networkId,
    host: '0.0.0.0',
    port: 0,
  }));
