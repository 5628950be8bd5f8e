/** Bridge family: anti-spoofing. The rules check single frames, without connection tracking. */
import type { PortSpec } from '#shared/contracts/network-agent.ts';
import { familyOf, ip6Number, linkLocalOf } from './addresses.ts';
import { metadataAddress } from './dnsmasq-files.ts';

interface Pair {
  readonly mac: string;
  readonly address: string;
}

/**
 * The metadata service identifies a guest by its address, so only a port's fixed addresses may send requests to it: neither
 * allowed address pairs nor any other address of an unguarded port.
 */
export function metadataLines({ fixedIps }: PortSpec): string[] {
  const own = fixedIps.map(({ address }) => address).filter((address) => familyOf(address) === 4);
  const others = own.length > 0 ? `ip saddr != { ${[...new Set(own)].join(', ')} } ` : '';
  return [`ether type ip ip daddr ${metadataAddress} ${others}drop`];
}

/** Rules for every frame from a guarded port. Each frame gets a verdict. */
export function spoofingLines(port: PortSpec): string[] {
  const pairs = pairsOf(port);
  const macs = [...new Set(pairs.map(({ mac }) => mac))];
  return [
    `ether saddr != { ${macs.join(', ')} } drop`,
    ...ip4Lines(
      pairs.filter(({ address }) => familyOf(address) === 4),
      macs,
    ),
    ...ip6Lines(
      pairs.filter(({ address }) => familyOf(address) === 6),
      macs,
    ),
    'drop',
  ];
}

/** A port without an address still has its MAC, and may send DHCP requests. */
function pairsOf({ mac, fixedIps, allowedPairs }: PortSpec): Pair[] {
  const own = fixedIps.map(({ address }) => ({ mac, address }));
  const allowed = allowedPairs.map((pair) => ({ mac: pair.mac || mac, address: pair.address }));
  const self = { mac, address: linkLocalOf(mac) };
  const locals = allowed.map((pair) => ({ mac: pair.mac, address: linkLocalOf(pair.mac) }));
  return unique([self, ...own, ...allowed, ...locals].map((pair) => ({ ...pair, mac: pair.mac.toLowerCase() })));
}

const unique = (pairs: readonly Pair[]) => [
  ...new Map(pairs.map((pair) => [`${pair.mac} ${pair.address}`, pair])).values(),
];

const ip4Lines = (pairs: readonly Pair[], macs: readonly string[]) => [
  ...pairs.map(
    ({ mac, address }) =>
      `ether type arp ether saddr ${mac} arp saddr ether ${mac} ${matching('arp saddr ip', address)} accept`,
  ),
  // ARP probes (RFC 5227) have the sender address 0.0.0.0.
  ...macs.map((mac) => `ether type arp ether saddr ${mac} arp saddr ether ${mac} arp saddr ip 0.0.0.0 accept`),
  'ether type arp drop',
  // The chaddr field of a DHCP request must be the sender's MAC, so that no guest requests or releases another's lease.
  ...macs.map(
    (mac) => `ether type ip ether saddr ${mac} udp sport 68 udp dport 67 @th,288,48 != ${macNumber(mac)} drop`,
  ),
  'ether type ip ip saddr 0.0.0.0 udp sport 68 udp dport 67 accept',
  'ether type ip udp sport 67 drop',
  ...pairs.map(({ mac, address }) => `ether type ip ether saddr ${mac} ${matching('ip saddr', address)} accept`),
];

const ip6Lines = (pairs: readonly Pair[], macs: readonly string[]) => [
  'ether type ip6 icmpv6 type { nd-router-advert, nd-redirect } drop',
  'ether type ip6 udp sport 547 drop',
  ...exact(pairs).map(
    ({ mac, address }) =>
      `ether type ip6 ether saddr ${mac} icmpv6 type nd-neighbor-advert @th,64,128 ${ip6Number(address)} accept`,
  ),
  'ether type ip6 icmpv6 type nd-neighbor-advert drop',
  ...macs.map(
    (mac) =>
      `ether type ip6 ether saddr ${mac} ip6 saddr :: icmpv6 type { nd-neighbor-solicit, nd-router-solicit, mld2-listener-report } accept`,
  ),
  ...pairs.map(({ mac, address }) => `ether type ip6 ether saddr ${mac} ${matching('ip6 saddr', address)} accept`),
];

/**
 * The bridge family cannot see the headers of fragmented packets. The inet family sees them reassembled, so forbidden packets
 * are dropped there as well.
 */
export function reassembledLines(port: PortSpec): string[] {
  const adverts = exact(pairsOf(port).filter(({ address }) => familyOf(address) === 6));
  const own = [...new Set(adverts.map(({ address }) => ip6Number(address)))];
  return [
    'udp sport { 67, 547 } drop',
    'icmpv6 type { nd-router-advert, nd-redirect } drop',
    ...own.map((address) => `icmpv6 type nd-neighbor-advert @th,64,128 ${address} goto to_guest`),
    'icmpv6 type nd-neighbor-advert drop',
  ];
}

const macNumber = (mac: string) => `0x${mac.replaceAll(':', '')}`;

/** Pairs with a single address: the target of an advertisement is a raw field, which cannot be matched against a range. */
const exact = (pairs: readonly Pair[]) =>
  pairs.filter(({ address }) => !address.includes('/') || address.endsWith('/128')).map(withoutLength);
const withoutLength = ({ mac, address }: Pair) => ({ mac, address: address.replace(/\/128$/, '') });

/** nft has no expression for "any address", so the condition is left out. */
const matching = (field: string, address: string) => (address.endsWith('/0') ? '' : `${field} ${address}`);
