/** Names of this cloud's objects in the kernel. They contain the cloud's id, so several clouds can share a host. */

export interface Names {
  readonly cloudId: string;
  /** Name of the nft tables, one per family, and prefix of all namespaces. */
  readonly table: string;
  /** The table of router-gate.ts. */
  readonly gateTable: string;
  readonly taps: string;
  readonly bridges: string;
  readonly veths: string;
  readonly routerVeths: string;
  readonly tunnels: string;
  /** The host's end of a veth pair into a DHCP namespace. */
  veth(portId: string): string;
  /** The host's end of a veth pair into a router. */
  routerVeth(portId: string): string;
  tunnel(bridge: string): string;
  routerNamespace(routerId: string): string;
  dhcpNamespace(networkId: string): string;
  /** Runtime directory, lost at a reboot: configurations of dnsmasq. */
  readonly runDir: string;
}

export const namesOf = (cloudId: string): Names => ({
  cloudId,
  table: `w${cloudId}`,
  gateTable: `w${cloudId}_gate`,
  taps: `t${cloudId}`,
  bridges: `b${cloudId}`,
  veths: `q${cloudId}`,
  routerVeths: `r${cloudId}`,
  tunnels: `v${cloudId}`,
  veth: (portId) => `q${cloudId}${shortId(portId, 10)}`,
  routerVeth: (portId) => `r${cloudId}${shortId(portId, 10)}`,
  tunnel: (bridge) => `v${bridge.slice(1)}`,
  routerNamespace: (routerId) => `w${cloudId}-r-${routerId}`,
  dhcpNamespace: (networkId) => `w${cloudId}-d-${networkId}`,
  runDir: `/run/wattle-${cloudId}`,
});

/** Names of links inside a namespace. They are unique there, so they have no cloud id. */
export const inner = {
  router: (portId: string) => `qr-${shortId(portId, 11)}`,
  gateway: (portId: string) => `qg-${shortId(portId, 11)}`,
  dhcp: (portId: string) => `ns-${shortId(portId, 11)}`,
};

const shortId = (id: string, length: number) => id.replaceAll('-', '').slice(0, length);

/** True for a link of this cloud: tap, bridge, tunnel or veth. */
export const isOfCloud = (names: Names, link: string): boolean =>
  [names.taps, names.bridges, names.veths, names.routerVeths, names.tunnels].some(
    (prefix) => link.startsWith(prefix) && link.length === 15,
  );
