/** The five kinds of wishes, and what each is on a Linux host. Its bridges are made before, and dropped after, by the driver. */
import { bridgeName } from '#shared/contracts/names.ts';
import type { AllRecords, Kind, Wishes } from '../records.ts';
import { isWithin } from './addresses.ts';
import type { Underlay } from './bridge.ts';
import { ipBatch, type Links } from './commands.ts';
import { dirOf, ensureDhcp, ensureDhcpGone, networkOf, pidOf } from './dhcp.ts';
import { metadataAddress } from './dnsmasq-files.ts';
import { ensureExternal, ensureExternalGone } from './external.ts';
import { checkGroup, checkPort, type Firewall } from './firewall.ts';
import type { Metadata } from './metadata.ts';
import { ensureRouter, ensureRouterGone, legsOf } from './router.ts';
import { metadataPort } from './router-rules.ts';

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

export interface Part<Wish> {
  /** Throws a Fault for a wish that no host could make true. */
  check?(wish: Wish): void;
  ensure(world: World, wish: Wish): Promise<void>;
  /** `wish` is what was asked last, when this host still knows it. */
  ensureGone(world: World, id: string, wish: Wish | undefined): Promise<void>;
  /** False when it is plain that something is missing. */
  isWhole(world: World, wish: Wish, look: Look): boolean;
}

export const parts: { readonly [K in Kind]: Part<Wishes[K]> } = {
  port: {
    check: checkPort,
    ensure: async ({ firewall }, { tap, segment: { bridge } }) => {
      const links = await firewall.load();
      if (links.has(tap) && links.get(tap)?.master !== bridge) await ipBatch([`link set ${tap} master ${bridge}`]);
    },
    ensureGone: async ({ firewall }) => {
      await firewall.load();
    },
    isWhole: (_, { tap, segment }, { links }) => !links.has(tap) || links.get(tap)?.master === segment.bridge,
  },
  group: {
    check: checkGroup,
    ensure: async ({ firewall }) => {
      await firewall.load();
    },
    ensureGone: async ({ firewall }) => {
      await firewall.load();
    },
    isWhole: () => true,
  },
  dhcp: {
    ensure: async ({ underlay: { names }, stateDir, firewall, metadata, upstream }, wish) => {
      const networkId = networkOf(wish.id);
      await firewall.load();
      await ensureDhcp({ names, stateDir, upstream }, wish);
      const door = { host: metadataAddress, port: 80, networkAt: () => networkId };
      await metadata.ensureDoor({ ...door, space: names.dhcpSpace(networkId) });
    },
    ensureGone: async ({ underlay: { names }, metadata }, id, wish) => {
      const networkId = networkOf(id);
      await metadata.ensureNoDoor(names.dhcpSpace(networkId));
      await ensureDhcpGone(names, networkId, wish?.port.id);
    },
    isWhole: ({ underlay: { names }, metadata }, { id, port, segment }, { links, spaces }) => {
      const space = names.dhcpSpace(networkOf(id));
      const runs = pidOf(dirOf(names, networkOf(id))) !== null;
      return (
        runs && spaces.has(space) && metadata.isOpen(space) && isPlugged(links, names.veth(port.id), segment.bridge)
      );
    },
  },
  router: {
    ensure: async ({ underlay: { names }, firewall, metadata }, wish) => {
      await firewall.load();
      await ensureRouter(names, wish);
      const door = { host: '0.0.0.0', port: metadataPort, networkAt: networkAt(wish) };
      await metadata.ensureDoor({ ...door, space: names.routerSpace(wish.id) });
    },
    ensureGone: async ({ underlay: { names }, metadata }, id, wish) => {
      await metadata.ensureNoDoor(names.routerSpace(id));
      await ensureRouterGone(names, id, wish);
    },
    isWhole: ({ underlay: { names }, metadata }, wish, { links, spaces }) => {
      const space = names.routerSpace(wish.id);
      const plugged = legsOf(wish).every(({ portId, segment }) => isPlugged(links, names.veth(portId), segment.bridge));
      return plugged && spaces.has(space) && metadata.isOpen(space);
    },
  },
  external: {
    ensure: async ({ firewall }, wish) => {
      await ensureExternal(wish);
      await firewall.load();
    },
    ensureGone: async ({ underlay: { names }, firewall }, id) => {
      await ensureExternalGone(bridgeName(names.cloudId, networkOf(id)));
      await firewall.load();
    },
    isWhole: (_, { segment, hostAddress }, { links }) =>
      hostAddress === null || links.get(segment.bridge)?.addresses.includes(hostAddress) === true,
  },
};

const isPlugged = (links: Links, veth: string, bridge: string): boolean =>
  links.get(veth)?.up === true && links.get(veth)?.master === bridge;

/** A redirected request reaches the router at its own address on the side it came from. */
const networkAt =
  ({ interfaces }: Wishes['router']) =>
  (localAddress: string): string | null =>
    interfaces.find(({ addresses }) =>
      addresses.some((address) => isWithin(localAddress, `${address.split('/')[0]}/32`)),
    )?.segment.networkId ?? null;
