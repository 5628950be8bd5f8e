/**
 * Validates a spec before its values reach nft, ip and dnsmasq. A malformed id, link or MAC is a Fault that names the field,
 * as nothing can be built without it. A malformed item of a list is left out and reported, so that it opens nothing; the
 * other items are applied.
 */
import { domainName, hostLabel, linkName, macAddress, resourceId } from '#shared/contracts/grammar.ts';
import type { FirewallRule, Forwarding, Segment } from '#shared/contracts/network-agent.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { versionOf } from '#shared/net/addresses.ts';
import type { SpecKind, Specs } from '../records.ts';
import { canonicalRange, familyOf, isUnicast } from './addresses.ts';
import { ruleLine } from './group-rules.ts';

export interface ValidSpec<Spec> {
  readonly spec: Spec;
  /** Fields that were left out: `rules[3]`. */
  readonly refused: readonly string[];
}

export function validateSpec<K extends SpecKind>(kind: K, spec: Specs[K]): ValidSpec<Specs[K]> {
  const refused: string[] = [];
  const keepValid: KeepValid = (field, items, check) =>
    items.flatMap((item, at) => {
      const kept = resultOrNull(check, item);
      if (kept === null) refused.push(`${field}[${at}]`);
      return kept === null ? [] : [kept];
    });
  return { spec: checks[kind](spec, keepValid), refused };
}

/** Returns the results of `check`, without the items for which it returns null or throws. */
type KeepValid = <T>(field: string, items: readonly T[], check: (item: T) => T | null) => T[];

const resultOrNull = <T>(check: (item: T) => T | null, item: T): T | null => {
  try {
    return check(item);
  } catch {
    return null;
  }
};

const checks: { readonly [K in SpecKind]: (spec: Specs[K], keepValid: KeepValid) => Specs[K] } = {
  port: (spec, keepValid) => {
    requireId(spec.id);
    requireSegment(spec.segment);
    requireField('tap', linkName.test(spec.tap));
    requireField('mac', macAddress.test(spec.mac));
    return {
      ...spec,
      fixedIps: keepValid('fixedIps', spec.fixedIps, fixedIp),
      allowedPairs: keepValid('allowedPairs', spec.allowedPairs, ({ address, mac }) =>
        mac === '' || macAddress.test(mac) ? { address: canonicalRange(address), mac } : null,
      ),
      groupIds: keepValid('groupIds', spec.groupIds, isId),
      ...(spec.qos ? { qos: qosOf(spec.qos, keepValid) } : {}),
    };
  },
  group: (spec, keepValid) => {
    requireId(spec.id);
    return {
      ...spec,
      rules: keepValid('rules', spec.rules, rule),
      members: keepValid('members', spec.members, canonicalRange),
    };
  },
  dhcp: (spec, keepValid) => {
    requireId(spec.id, '/dhcp');
    requireSegment(spec.segment);
    requireField('port.id', resourceId.test(spec.port.id));
    requireField('port.mac', macAddress.test(spec.port.mac));
    const [domain = ''] = keepValid('domain', [spec.domain], (each) =>
      each === '' || domainName.test(each) ? each : null,
    );
    return {
      ...spec,
      domain,
      port: { ...spec.port, fixedIps: keepValid('port.fixedIps', spec.port.fixedIps, fixedIp) },
      subnets: keepValid('subnets', spec.subnets, (each) => subnet(each, keepValid)),
      leases: keepValid('leases', spec.leases, (lease) =>
        macAddress.test(lease.mac) && versionOf(lease.address) ? { ...lease, name: nameOf(lease.name) } : null,
      ),
    };
  },
  router: (spec, keepValid) => {
    requireId(spec.id);
    const gateway = keepValid('gateway', spec.gateway ? [spec.gateway] : [], (each) =>
      routerInterface(each, 'gateway', keepValid),
    );
    const via = keepValid('gateway.via', spec.gateway?.via ? [spec.gateway.via] : [], (each) =>
      isUnicast(each) ? each : null,
    );
    return {
      ...spec,
      gateway: gateway[0] ? { ...gateway[0], via: via[0] ?? null } : null,
      routes: keepValid('routes', spec.routes, route),
      interfaces: keepValid('interfaces', spec.interfaces, (each) => routerInterface(each, 'interfaces', keepValid)),
      ...(spec.forwardings
        ? { forwardings: keepValid('forwardings', spec.forwardings, (each) => (isForwarding(each) ? each : null)) }
        : {}),
      floatingIps: keepValid('floatingIps', spec.floatingIps, (each) =>
        [each.floating, each.fixed].every((address) => versionOf(address) === 4) ? each : null,
      ),
    };
  },
  external: (spec) => {
    requireId(spec.id, '/external');
    requireSegment(spec.segment);
    requireField('hostAddress', spec.hostAddress === null || hasPrefixLength(spec.hostAddress));
    return spec;
  },
};

function requireField(field: string, holds: boolean): void {
  if (!holds) throw badRequest(`${field} is malformed, so this host cannot apply the spec.`);
}

const requireId = (id: string, ending = '') =>
  requireField('id', id.endsWith(ending) && resourceId.test(id.slice(0, id.length - ending.length)));

function requireSegment({ networkId, bridge, id, mtu, type, peers }: Segment): void {
  requireField('segment.networkId', resourceId.test(networkId));
  requireField('segment.bridge', linkName.test(bridge));
  requireField('segment.id', Number.isInteger(id) && id >= 0 && id < 2 ** 24);
  requireField('segment.mtu', Number.isInteger(mtu) && mtu >= 68 && mtu <= 65_535);
  requireField('segment.type', ['vxlan', 'flat', 'local'].includes(type));
  requireField(
    'segment.peers',
    peers.every((peer) => versionOf(peer) !== undefined),
  );
}

type Qos = NonNullable<Specs['port']['qos']>;

function qosOf({ limits, dscp }: Qos, keepValid: KeepValid): Qos {
  const isCount = (value: number) => Number.isInteger(value) && value >= 0 && value < 2 ** 31;
  const [mark = null] = keepValid('dscp', dscp === null ? [] : [dscp], (each) =>
    isCount(each) && each < 64 ? each : null,
  );
  return {
    dscp: mark,
    limits: keepValid('limits', limits, (each) =>
      ['egress', 'ingress'].includes(each.direction) && isCount(each.kbps) && isCount(each.burstKb) ? each : null,
    ),
  };
}

const isForwarding = ({ floating, fixed, protocol, outside, inside }: Forwarding): boolean =>
  [floating, fixed].every((address) => versionOf(address) === 4) &&
  ['tcp', 'udp', 'sctp', 'dccp'].includes(protocol) &&
  [outside, inside].every(([first, last]) => isPort(first) && isPort(last) && first <= last) &&
  (inside[0] === inside[1] || inside[1] - inside[0] === outside[1] - outside[0]);
const isPort = (port: number) => Number.isInteger(port) && port > 0 && port < 65_536;

const isId = (id: string) => (resourceId.test(id) ? id : null);
const nameOf = (name: string) => (hostLabel.test(name) ? name : '');
const fixedIp = <T extends { readonly address: string }>(each: T) => (versionOf(each.address) ? each : null);
const hasPrefixLength = (address: string): boolean =>
  address.includes('/') && resultOrNull(canonicalRange, address) !== null;

function rule(each: FirewallRule): FirewallRule | null {
  ruleLine(each);
  return each;
}

function route<R extends { readonly destination: string; readonly nexthop: string }>(each: R): R | null {
  const { destination, nexthop } = each;
  const valid = versionOf(nexthop) === familyOf(destination);
  if (!valid || !isUnicast(destination) || !isUnicast(nexthop)) return null;
  return { ...each, destination: canonicalRange(withPrefixLength(destination)) };
}

const withPrefixLength = (range: string) =>
  range.includes('/') ? range : `${range}/${familyOf(range) === 4 ? 32 : 128}`;

type Subnet = Specs['dhcp']['subnets'][number];

function subnet(each: Subnet, keepValid: KeepValid): Subnet | null {
  const family = familyOf(each.cidr);
  if (!hasPrefixLength(each.cidr)) return null;
  const sameFamily = (address: string) => (versionOf(address) === family ? address : null);
  const routes = keepValid(`subnets ${each.id} routes`, each.routes, (each) =>
    sameFamily(each.nexthop) ? route(each) : null,
  );
  const [gateway = null] = keepValid(
    `subnets ${each.id} gateway`,
    each.gateway === null ? [] : [each.gateway],
    sameFamily,
  );
  const dns = keepValid(`subnets ${each.id} dns`, each.dns, sameFamily);
  return { ...each, cidr: canonicalRange(each.cidr), gateway, dns, routes };
}

interface RouterInterface {
  readonly portId: string;
  readonly mac: string;
  readonly segment: Segment;
  readonly addresses: readonly string[];
}

function routerInterface<L extends RouterInterface>(each: L, field: string, keepValid: KeepValid): L | null {
  requireSegment(each.segment);
  if (!resourceId.test(each.portId) || !macAddress.test(each.mac)) return null;
  const checkAddress = (address: string) => (hasPrefixLength(address) ? address : null);
  return { ...each, addresses: keepValid(`${field} ${each.portId} addresses`, each.addresses, checkAddress) };
}
