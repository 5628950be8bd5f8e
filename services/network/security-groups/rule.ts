/** What a rule may say. Pure. */
import { badRequest } from '#shared/errors/fault.ts';
import { cidrOf, cidrText } from '../addresses/cidr.ts';
import { invalidInput } from '../resources/values.ts';
import type { GroupRule } from './store.ts';

export interface RuleWish {
  readonly security_group_id: string;
  readonly direction: 'ingress' | 'egress';
  readonly ethertype?: string | null;
  readonly protocol?: string | number | null;
  readonly port_range_min?: number | string | null;
  readonly port_range_max?: number | string | null;
  readonly remote_ip_prefix?: string | null;
  readonly remote_group_id?: string | null;
  readonly description?: string | null;
  readonly project_id?: string;
  readonly tenant_id?: string;
}

type Said = Pick<GroupRule, 'ethertype' | 'protocol' | 'portMin' | 'portMax' | 'cidr' | 'normalizedCidr'>;

/** IANA's names, as far as Neutron knows them. */
const protocols = [
  ...[
    'ah',
    'any',
    'dccp',
    'egp',
    'esp',
    'gre',
    'hopopt',
    'icmp',
    'icmpv6',
    'igmp',
    'ip',
    'ipip',
    'ipv6-encap',
    'ipv6-frag',
  ],
  ...[
    'ipv6-icmp',
    'ipv6-nonxt',
    'ipv6-opts',
    'ipv6-route',
    'ospf',
    'pgm',
    'rsvp',
    'sctp',
    'tcp',
    'udp',
    'udplite',
    'vrrp',
  ],
];
const withPorts = new Set(['tcp', 'udp', 'sctp', 'dccp', 'udplite', '6', '17', '132', '33', '136']);
const icmp = new Set(['icmp', 'icmpv6', 'ipv6-icmp', '1', '58']);

export function saidBy(wish: RuleWish): Said {
  if (wish.remote_ip_prefix && wish.remote_group_id)
    throw badRequest(
      'Only remote_ip_prefix or remote_group_id or remote_address_group_id may be provided.',
      'SecurityGroupMultipleRemoteEntites',
    );
  const ethertype = ethertypeOf(wish.ethertype ?? 'IPv4');
  const protocol = protocolOf(wish.protocol ?? null);
  const [portMin, portMax] = [numberOrNull(wish.port_range_min), numberOrNull(wish.port_range_max)];
  checkPorts(protocol, portMin, portMax);
  return { ethertype, protocol, portMin, portMax, ...prefixOf(wish.remote_ip_prefix ?? null, ethertype) };
}

function ethertypeOf(text: string): 'IPv4' | 'IPv6' {
  const known = (['IPv4', 'IPv6'] as const).find((each) => each.toLowerCase() === text.toLowerCase());
  if (known) return known;
  throw badRequest(`Invalid input for ethertype. Reason: '${text}' is not in ['IPv4', 'IPv6'].`, 'HTTPBadRequest');
}

function protocolOf(value: string | number | null): string | null {
  if (value === null) return null;
  const word = String(value).toLowerCase();
  if (word === 'any' || word === '') return null;
  if (/^\d+$/.test(word) && Number(word) <= 255) return word;
  if (protocols.includes(word)) return word;
  throw badRequest(
    `Security group rule protocol ${value} not supported. Only protocol values [None, ${protocols.map((each) => `'${each}'`).join(', ')}] and integer representations [0 to 255] are supported.`,
    'SecurityGroupRuleInvalidProtocol',
  );
}

const numberOrNull = (value: number | string | null | undefined): number | null =>
  value === null || value === undefined || value === '' ? null : Number(value);

function checkPorts(protocol: string | null, min: number | null, max: number | null): void {
  if (min === null && max === null) return;
  if (protocol === null)
    throw badRequest('Must also specify protocol if port range is given.', 'SecurityGroupProtocolRequiredWithPorts');
  if (icmp.has(protocol)) {
    checkIcmp(min, max);
    return;
  }
  if (!withPorts.has(protocol))
    throw badRequest(
      `Port range cannot be specified for protocol ${protocol}. Port range is only supported for TCP, UDP, UDPLITE, SCTP and DCCP.`,
      'SecurityGroupInvalidProtocolForPort',
    );
  for (const port of [min, max])
    if (port !== null && !(port >= 0 && port <= 65_535))
      throw badRequest(`Invalid value for port ${port}`, 'SecurityGroupInvalidPortValue');
  if (min === null || max === null || min > max)
    throw badRequest(
      'For TCP/UDP protocols, port_range_min must be <= port_range_max',
      'SecurityGroupInvalidPortRange',
    );
}

/** Type and code. */
function checkIcmp(type: number | null, code: number | null): void {
  const fields = [
    ['port_range_min', 'type', type],
    ['port_range_max', 'code', code],
  ] as const;
  for (const [attribute, field, value] of fields)
    if (value !== null && !(value >= 0 && value <= 255))
      throw badRequest(
        `Invalid value for ICMP ${field} (${attribute}) ${value}. It must be 0 to 255.`,
        'SecurityGroupInvalidIcmpValue',
      );
  if (type === null && code !== null)
    throw badRequest(
      `ICMP code (port-range-max) ${code} is provided but ICMP type (port-range-min) is missing.`,
      'SecurityGroupMissingIcmpType',
    );
}

function prefixOf(text: string | null, ethertype: 'IPv4' | 'IPv6'): Pick<Said, 'cidr' | 'normalizedCidr'> {
  if (!text) return { cidr: null, normalizedCidr: null };
  const cidr = cidrOf(text);
  if (!cidr) throw invalidInput(`'${text}' is not a valid CIDR`);
  if (`IPv${cidr.version}` !== ethertype)
    throw badRequest(`Conflicting value ethertype ${ethertype} for CIDR ${text}`, 'SecurityGroupRuleParameterConflict');
  const spelled = text.includes('/') ? text : cidrText(cidr);
  return { cidr: spelled, normalizedCidr: cidrText(cidr) };
}
