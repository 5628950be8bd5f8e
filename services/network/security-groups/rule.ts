/** Parses and checks the body of a security group rule. Pure. */
import { protocolNumbers, protocolsWithPorts } from '#shared/contracts/protocols.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { canonical, cidrOf, cidrText } from '#shared/net/addresses.ts';
import { invalidInput } from '../resources/values.ts';
import type { GroupRule, NewRule } from './resource.ts';

/** Rules with the same key allow the same. A prefix of all addresses is the same as no prefix. */
export function ruleKey(
  rule: Pick<GroupRule, Exclude<keyof RuleInput, 'ethertype'> | 'direction' | 'ethertype'>,
): string {
  const { direction, ethertype, protocol, portMin, portMax, cidr, remoteGroupId, remoteAddressGroupId } = rule;
  const prefix = normalizedCidrOf(cidr);
  const range = prefix === '0.0.0.0/0' || prefix === '::/0' ? null : prefix;
  const number = protocolNumber(protocol);
  return JSON.stringify([direction, ethertype, number, portMin, portMax, range, remoteGroupId, remoteAddressGroupId]);
}

/** With its host bits cleared. */
export function normalizedCidrOf(cidr: string | null): string | null {
  const range = cidr === null ? undefined : cidrOf(cidr);
  return range ? cidrText(range) : null;
}

type ParsedRule = Pick<GroupRule, 'protocol' | 'portMin' | 'portMax' | 'cidr' | 'normalizedCidr'>;

const icmp = 1;
const icmpV6 = 58;
const ipv6Protocols: ReadonlySet<number> = new Set([41, 43, 44, 58, 59, 60]);

/** The IANA number of a rule's protocol, which is a name or a number; null for any. */
export const protocolNumber = (protocol: string | null): number | null =>
  protocol === null ? null : (protocolNumbers.get(protocol) ?? Number(protocol));

type RuleInput = Pick<
  NewRule,
  'cidr' | 'remoteGroupId' | 'remoteAddressGroupId' | 'ethertype' | 'protocol' | 'portMin' | 'portMax'
>;

export function parseRule(input: RuleInput): ParsedRule {
  if ([input.cidr, input.remoteGroupId, input.remoteAddressGroupId].filter(Boolean).length > 1)
    throw badRequest(
      'Only remote_ip_prefix or remote_group_id or remote_address_group_id may be provided.',
      'SecurityGroupMultipleRemoteEntites',
    );
  const { ethertype } = input;
  const protocol = protocolOfFamily(ethertype, protocolOf(input.protocol));
  const [portMin, portMax] = rangeOf(input);
  checkPorts(protocol, portMin, portMax);
  return { protocol, portMin, portMax, ...prefixOf(input.cidr, ethertype) };
}

function protocolOf(value: string | null): string | null {
  if (value === null) return null;
  const name = value.toLowerCase();
  if (name === 'any' || name === '') return null;
  if (/^\d{1,3}$/.test(name) && Number(name) <= 255) return String(Number(name));
  if (protocolNumbers.has(name)) return name;
  throw badRequest(
    `Security group rule protocol ${value} not supported. Only protocol values [None, ${[...protocolNumbers.keys()].map((each) => `'${each}'`).join(', ')}] and integer representations [0 to 255] are supported.`,
    'SecurityGroupRuleInvalidProtocol',
  );
}

/** ICMP in an IPv6 rule becomes ICMPv6, whichever name was used. */
function protocolOfFamily(ethertype: 'IPv4' | 'IPv6', protocol: string | null): string | null {
  const number = protocolNumber(protocol);
  if (ethertype === 'IPv4' && number !== null && ipv6Protocols.has(number))
    throw badRequest(
      `Invalid ethertype ${ethertype} for protocol ${protocol}.`,
      'SecurityGroupEthertypeConflictWithProtocol',
    );
  if (ethertype === 'IPv4' || protocol === null) return protocol;
  if (protocol === 'icmp' || protocol === 'icmpv6') return 'ipv6-icmp';
  return number === icmp ? String(icmpV6) : protocol;
}

/** The full range of ports is the same as no range. */
const rangeOf = ({ portMin, portMax }: RuleInput): readonly [number | null, number | null] =>
  portMin === 1 && portMax === 65_535 ? [null, null] : [portMin, portMax];

function checkPorts(protocol: string | null, min: number | null, max: number | null): void {
  if (min === null && max === null) return;
  if (protocol === null)
    throw badRequest('Must also specify protocol if port range is given.', 'SecurityGroupProtocolRequiredWithPorts');
  const number = protocolNumber(protocol) ?? -1;
  if (number === icmp || number === icmpV6) {
    checkIcmp(min, max);
    return;
  }
  if (!protocolsWithPorts.has(number))
    throw badRequest(
      `Port range cannot be specified for protocol ${protocol}. Port range is only supported for TCP, UDP, UDPLITE, SCTP and DCCP.`,
      'SecurityGroupInvalidProtocolForPort',
    );
  for (const port of [min, max])
    if (port !== null && !(port >= 1 && port <= 65_535))
      throw badRequest(`Invalid value for port ${port}`, 'SecurityGroupInvalidPortValue');
  if (min === null || max === null || min > max)
    throw badRequest(
      'For TCP/UDP protocols, port_range_min must be <= port_range_max',
      'SecurityGroupInvalidPortRange',
    );
}

/** Checks the ICMP type and code. */
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

function prefixOf(text: string | null, ethertype: 'IPv4' | 'IPv6'): Pick<ParsedRule, 'cidr' | 'normalizedCidr'> {
  if (!text) return { cidr: null, normalizedCidr: null };
  const cidr = cidrOf(text);
  if (!cidr) throw invalidInput(`'${text}' is not a valid CIDR`);
  if (`IPv${cidr.version}` !== ethertype)
    throw badRequest(`Conflicting value ethertype ${ethertype} for CIDR ${text}`, 'SecurityGroupRuleParameterConflict');
  const [address = ''] = text.split('/');
  return { cidr: `${canonical(address)}/${cidr.prefix}`, normalizedCidr: cidrText(cidr) };
}
