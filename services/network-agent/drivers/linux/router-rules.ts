/** The NAT and filter rules of a router, in its own namespace. */
import { isIP } from 'node:net';
import type { Forwarding, RouterSpec } from '#shared/contracts/network-agent.ts';
import { inner } from './names.ts';

/** `metadataPorts`: the port of the metadata listener of each interface, by the id of the interface's port. */
export function routerRuleset(spec: RouterSpec, metadataPorts: ReadonlyMap<string, number> = new Map()): string {
  const { gateway, floatingIps, forwardings = [] } = spec;
  const inside = '"qr-*"';
  const outside = gateway ? `"${inner.gateway(gateway.portId)}"` : null;
  const own = ownAddress(spec);
  return [
    'table ip router',
    'delete table ip router',
    'table ip router {',
    ...named(
      'map inwards',
      'ipv4_addr : ipv4_addr',
      floatingIps.map(({ floating, fixed }) => `${floating} : ${fixed}`),
    ),
    ...named(
      'map outwards',
      'ipv4_addr : ipv4_addr',
      floatingIps.map(({ floating, fixed }) => `${fixed} : ${floating}`),
    ),
    ...named(
      'set pairs',
      'ipv4_addr . ipv4_addr',
      floatingIps.map(({ floating, fixed }) => `${floating} . ${fixed}`),
    ),
    'chain translated {',
    ...forwardings.map(keptLine),
    'drop',
    '}',
    'chain prerouting {',
    'type nat hook prerouting priority dstnat; policy accept;',
    ...metadataLinks(metadataPorts).map(([link, port]) => `iifname ${link} ${metadataRequest} redirect to :${port}`),
    'dnat to ip daddr map @inwards',
    ...forwardings.map(forwardLine),
    '}',
    'chain output {',
    'type nat hook output priority -100; policy accept;',
    'dnat to ip daddr map @inwards',
    '}',
    'chain postrouting {',
    'type nat hook postrouting priority srcnat; policy accept;',
    ...(outside ? [`oifname ${outside} snat to ip saddr map @outwards`] : []),
    ...(outside && gateway?.snat && own ? [`oifname ${outside} snat to ${own}`] : []),
    // A guest that connects to another guest's floating IP must get the reply from that address.
    `iifname ${inside} oifname ${inside} ct status dnat snat to ip saddr map @outwards`,
    ...(own ? [`iifname ${inside} oifname ${inside} ct status dnat snat to ${own}`] : []),
    '}',
    'chain forward {',
    'type filter hook forward priority filter; policy accept;',
    ...endedLines(spec, own, outside),
    '}',
    'chain input {',
    'type filter hook input priority filter; policy accept;',
    ...metadataLinks(metadataPorts).map(
      ([link, port]) => `iifname ${link} tcp dport ${port} ${wasMetadataRequest} accept`,
    ),
    // Guests reach no other TCP service at any address of the router.
    'meta l4proto tcp drop',
    '}',
    '}',
    '',
  ].join('\n');
}

const metadataRequest = 'ip daddr 169.254.169.254 tcp dport 80';
const wasMetadataRequest = 'ct status dnat ct original ip daddr 169.254.169.254 ct original proto-dst 80';

const metadataLinks = (metadataPorts: ReadonlyMap<string, number>) =>
  [...metadataPorts].map(([portId, port]) => [`"${inner.router(portId)}"`, port] as const);

const ownAddress = ({ gateway }: RouterSpec) =>
  gateway?.addresses.map((address) => address.split('/')[0] ?? '').find((address) => isIP(address) === 4);

/** Of a connection that the forwarding has translated. */
const keptLine = ({ floating, fixed, protocol, outside, inside }: Forwarding): string =>
  [
    `ct original ip daddr ${floating} ct original protocol ${protocol} ct original proto-dst ${outside.join('-')}`,
    `ct reply ip saddr ${fixed} ct reply proto-src ${inside.join('-')} return`,
  ].join(' ');

/** A range that leads to other numbers has an element for each of its ports. */
function forwardLine({ floating, fixed, protocol, outside, inside }: Forwarding): string {
  const [first, last] = outside;
  const packet = `ip daddr ${floating} ${protocol} dport ${first}-${last}`;
  const [target, end] = inside;
  if (target === end) return `${packet} dnat to ${fixed}:${target}`;
  if (target === first) return `${packet} dnat to ${fixed}`;
  const ports = Array.from({ length: last - first + 1 }, (_, at) => `${first + at} : ${target + at}`);
  return `${packet} dnat ip to ${fixed} : ${protocol} dport map { ${ports.join(', ')} }`;
}

/** A connection keeps its translation. Drops both directions when the floating IP's pair or the router's address is gone. */
const endedLines = ({ gateway }: RouterSpec, own: string | undefined, outside: string | null) => [
  'ct status dnat ct original ip daddr . ct reply ip saddr != @pairs jump translated',
  `ct status snat${own ? ` ct reply ip daddr != ${own}` : ''} ct reply ip daddr . ct original ip saddr != @pairs drop`,
  ...(outside && own && !gateway?.snat
    ? ['iifname', 'oifname'].map((field) => `${field} ${outside} ct status snat ct reply ip daddr ${own} drop`)
    : []),
];

const named = (name: string, type: string, elements: readonly string[]) => [
  `${name} {`,
  `type ${type}`,
  ...(elements.length > 0 ? [`elements = { ${elements.join(', ')} }`] : []),
  '}',
];
