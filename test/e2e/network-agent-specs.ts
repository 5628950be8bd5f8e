/** Builders for specs as the network service sends them. */
import type {
  DhcpSpec,
  FirewallRule,
  GroupSpec,
  PortSpec,
  RouterSpec,
  Segment,
} from '../../shared/contracts/network-agent.ts';

/** Readable ids that differ in the digits which names of links contain. */
export const idOf = (kind: number, number: number): string =>
  `${kind.toString(16).padStart(2, '0')}${number.toString(16).padStart(6, '0')}-1111-4111-8111-111111111111`;

export const macOf = (number: number): string =>
  `fa:16:3e:00:${(number >> 8).toString(16).padStart(2, '0')}:${(number & 255).toString(16).padStart(2, '0')}`;

/** A network with one subnet 10.7.0.0/24-like, served by DHCP from .2. */
export const dhcpOf = (
  segment: Segment,
  prefix: string,
  number: number,
  leases: readonly PortSpec[],
  more: Partial<DhcpSpec['subnets'][number]> = {},
): DhcpSpec => ({
  id: `${segment.networkId}/dhcp`,
  segment,
  port: {
    id: idOf(3, number),
    mac: macOf(0x300 + number),
    fixedIps: [{ address: `${prefix}.2`, subnetId: `${segment.networkId}/4` }],
  },
  subnets: [
    {
      id: `${segment.networkId}/4`,
      cidr: `${prefix}.0/24`,
      gateway: `${prefix}.1`,
      dns: [],
      routes: [],
      dhcp: true,
      ...more,
    },
  ],
  leases: leases.map(({ id, mac, fixedIps }) => {
    const address = fixedIps[0]?.address ?? '';
    return { portId: id, mac, address, name: `host-${address.replaceAll('.', '-')}` };
  }),
  domain: 'openstacklocal',
});

export const routerOf = (
  number: number,
  legs: readonly { readonly segment: Segment; readonly prefix: string }[],
): RouterSpec => ({
  id: idOf(4, number),
  adminUp: true,
  interfaces: legs.map(({ segment, prefix }, index) => ({
    portId: idOf(5, number * 16 + index),
    mac: macOf(0x500 + number * 16 + index),
    segment,
    addresses: [`${prefix}.1/24`],
  })),
  gateway: null,
  floatingIps: [],
  routes: [],
});

export const anyRule: FirewallRule = {
  direction: 'ingress',
  family: 4,
  protocol: null,
  portMin: null,
  portMax: null,
  cidr: null,
  remoteGroupId: null,
};

/** A group that allows all egress and these ingress rules. */
export const groupOf = (
  number: number,
  ingress: readonly Partial<FirewallRule>[],
  members: readonly string[] = [],
): GroupSpec => ({
  id: idOf(6, number),
  members,
  rules: [
    ...ingress.map((rule) => ({ ...anyRule, ...rule })),
    { ...anyRule, direction: 'egress' },
    { ...anyRule, direction: 'egress', family: 6 },
  ],
});
