/** What a router does to addresses. In its namespace alone, so names and numbers are free. */
import { isIP } from 'node:net';
import type { RouterWish } from '#shared/contracts/network-agent.ts';
import { inner } from './names.ts';

/** Where the router's namespace hands requests for 169.254.169.254 to the agent. */
export const metadataPort = 9697;

export function routerRuleset({ gateway, floatingIps }: RouterWish): string {
  const inside = '"qr-*"';
  const outside = gateway ? `"${inner.gateway(gateway.portId)}"` : null;
  const own = gateway?.addresses.map((address) => address.split('/')[0] ?? '').find((address) => isIP(address) === 4);
  const pairs = floatingIps.map(({ floating, fixed }) => ({ floating, fixed }));
  return [
    'table ip router',
    'delete table ip router',
    'table ip router {',
    ...map(
      'inwards',
      pairs.map(({ floating, fixed }) => `${floating} : ${fixed}`),
    ),
    ...map(
      'outwards',
      pairs.map(({ floating, fixed }) => `${fixed} : ${floating}`),
    ),
    'chain prerouting {',
    'type nat hook prerouting priority dstnat; policy accept;',
    `iifname ${inside} ip daddr 169.254.169.254 tcp dport 80 redirect to :${metadataPort}`,
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
    'chain input {',
    'type filter hook input priority filter; policy accept;',
    `iifname != ${inside} tcp dport ${metadataPort} drop`,
    '}',
    '}',
    '',
  ].join('\n');
}

const map = (name: string, elements: readonly string[]) => [
  `map ${name} {`,
  'type ipv4_addr : ipv4_addr',
  ...(elements.length > 0 ? [`elements = { ${elements.join(', ')} }`] : []),
  '}',
];
