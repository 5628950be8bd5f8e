/** What a router does to addresses. In its namespace alone, so names and numbers are free. */
import { isIP } from 'node:net';
import type { RouterSpec } from '#shared/contracts/network-agent.ts';
import { inner } from './names.ts';

/** `doors`: of each leg inside, by its port, where its guests' requests for metadata are answered. */
export function routerRuleset(spec: RouterSpec, endpoints: ReadonlyMap<string, number> = new Map()): string {
  const { gateway, floatingIps } = spec;
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
    'chain prerouting {',
    'type nat hook prerouting priority dstnat; policy accept;',
    ...sides(endpoints).map(([link, port]) => `iifname ${link} ${metadataRequest} redirect to :${port}`),
    'dnat to ip daddr map @inwards',
    '}',
    'chain output {',
    'type nat hook output priority -100; policy accept;',
    'dnat to ip daddr map @inwards',
    '}',
    'chain postrouting {',
    'type nat hook postrouting priority srcnat; policy accept;',
    ...(outside ? [`oifname ${outside} snat to ip saddr map @outwards`] : []),
    ...(outside && gateway?.snat && own ? [`oifname ${outside} snat to ${own}`] : []),
    // A guest that calls a neighbour by its floating address must get the answer from that address.
    `iifname ${inside} oifname ${inside} ct status dnat snat to ip saddr map @outwards`,
    ...(own ? [`iifname ${inside} oifname ${inside} ct status dnat snat to ${own}`] : []),
    '}',
    'chain forward {',
    'type filter hook forward priority filter; policy accept;',
    ...endedLines(spec, own, outside),
    '}',
    'chain input {',
    'type filter hook input priority filter; policy accept;',
    ...sides(endpoints).map(([link, port]) => `iifname ${link} tcp dport ${port} ${wasMetadataRequest} accept`),
    // Nothing else here is for guests, whichever address of the router they know.
    'meta l4proto tcp drop',
    '}',
    '}',
    '',
  ].join('\n');
}

const metadataRequest = 'ip daddr 169.254.169.254 tcp dport 80';
const wasMetadataRequest = 'ct status dnat ct original ip daddr 169.254.169.254 ct original proto-dst 80';

const sides = (endpoints: ReadonlyMap<string, number>) =>
  [...endpoints].map(([portId, port]) => [`"${inner.router(portId)}"`, port] as const);

const ownAddress = ({ gateway }: RouterSpec) =>
  gateway?.addresses.map((address) => address.split('/')[0] ?? '').find((address) => isIP(address) === 4);

/** A connection keeps the addresses it began with; it ends, both ways, when its pair or the router's address is no more. */
const endedLines = ({ gateway }: RouterSpec, own: string | undefined, outside: string | null) => [
  'ct status dnat ct original ip daddr . ct reply ip saddr != @pairs drop',
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
