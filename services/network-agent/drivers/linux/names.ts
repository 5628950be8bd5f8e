/** How everything of one cloud is called in the kernel of a host, so that clouds on one machine never meet. */

export interface Names {
  readonly cloudId: string;
  /** The nft tables, one per family; also the beginning of all namespaces. */
  readonly table: string;
  readonly taps: string;
  readonly bridges: string;
  readonly veths: string;
  readonly tunnels: string;
  /** The host's end of a cable into a router or a DHCP namespace. */
  veth(portId: string): string;
  tunnel(bridge: string): string;
  routerSpace(routerId: string): string;
  dhcpSpace(networkId: string): string;
  /** For what a reboot may take: configurations of dnsmasq. */
  readonly runDir: string;
}

export const namesOf = (cloudId: string): Names => ({
  cloudId,
  table: `w${cloudId}`,
  taps: `t${cloudId}`,
  bridges: `b${cloudId}`,
  veths: `q${cloudId}`,
  tunnels: `v${cloudId}`,
  veth: (portId) => `q${cloudId}${bare(portId, 10)}`,
  tunnel: (bridge) => `v${bridge.slice(1)}`,
  routerSpace: (routerId) => `w${cloudId}-r-${routerId}`,
  dhcpSpace: (networkId) => `w${cloudId}-d-${networkId}`,
  runDir: `/run/wattle-${cloudId}`,
});

/** Names inside a namespace: who looks there knows the place, so the port is enough. */
export const inner = {
  router: (portId: string) => `qr-${bare(portId, 11)}`,
  gateway: (portId: string) => `qg-${bare(portId, 11)}`,
  dhcp: (portId: string) => `ns-${bare(portId, 11)}`,
};

const bare = (id: string, length: number) => id.replaceAll('-', '').slice(0, length);

/** A link of this cloud: tap, bridge, tunnel or cable. */
export const isOurs = (names: Names, link: string): boolean =>
  [names.taps, names.bridges, names.veths, names.tunnels].some((mark) => link.startsWith(mark) && link.length === 15);
