/**
 * The last look at a spec before its words reach nft, ip and dnsmasq. Without what names the thing itself (its id, its
 * links, its MAC) nothing can be built: that is a Fault with the name of the field. A bad item of a list is left out, so
 * what it would have opened stays closed, and told; the others hold.
 */
import { domainName, hostLabel, linkName, macAddress, resourceId } from '#shared/contracts/grammar.ts';
import type { FirewallRule, Segment } from '#shared/contracts/network-agent.ts';
import { badRequest } from '#shared/errors/fault.ts';
import type { Kind, Specs } from '../records.ts';
import { canonicalRange, familyOf, isAddress, isUnicast } from './addresses.ts';
import { ruleLine } from './group-rules.ts';

export interface Accepted<Spec> {
  readonly spec: Spec;
  /** Fields that were left out: `rules[3]`. */
  readonly refused: readonly string[];
}

export function accepted<K extends Kind>(kind: K, spec: Specs[K]): Accepted<Specs[K]> {
  const refused: string[] = [];
  const sift: Sift = (field, items, fit) =>
    items.flatMap((item, at) => {
      const kept = fitted(fit, item);
      if (kept === null) refused.push(`${field}[${at}]`);
      return kept === null ? [] : [kept];
    });
  return { spec: checks[kind](spec, sift), refused };
}

/** Leaves out the items that do not fit: for those `fit` gives null, or throws. */
type Sift = <T>(field: string, items: readonly T[], fit: (item: T) => T | null) => T[];

const fitted = <T>(fit: (item: T) => T | null, item: T): T | null => {
  try {
    return fit(item);
  } catch {
    return null;
  }
};

const checks: { readonly [K in Kind]: (spec: Specs[K], sift: Sift) => Specs[K] } = {
  port: (spec, sift) => {
    requireId(spec.id);
    requireSegment(spec.segment);
    requireForm('tap', linkName.test(spec.tap));
    requireForm('mac', macAddress.test(spec.mac));
    return {
      ...spec,
      fixedIps: sift('fixedIps', spec.fixedIps, fixedIp),
      allowedPairs: sift('allowedPairs', spec.allowedPairs, ({ address, mac }) =>
        mac === '' || macAddress.test(mac) ? { address: canonicalRange(address), mac } : null,
      ),
      groupIds: sift('groupIds', spec.groupIds, isId),
    };
  },
  group: (spec, sift) => {
    requireId(spec.id);
    return { ...spec, rules: sift('rules', spec.rules, rule), members: sift('members', spec.members, canonicalRange) };
  },
  dhcp: (spec, sift) => {
    requireId(spec.id, '/dhcp');
    requireSegment(spec.segment);
    requireForm('port.id', resourceId.test(spec.port.id));
    requireForm('port.mac', macAddress.test(spec.port.mac));
    const [domain = ''] = sift('domain', [spec.domain], (each) => (each === '' || domainName.test(each) ? each : null));
    return {
      ...spec,
      domain,
      port: { ...spec.port, fixedIps: sift('port.fixedIps', spec.port.fixedIps, fixedIp) },
      subnets: sift('subnets', spec.subnets, (each) => subnet(each, sift)),
      leases: sift('leases', spec.leases, (lease) =>
        macAddress.test(lease.mac) && isAddress(lease.address) ? { ...lease, name: nameOf(lease.name) } : null,
      ),
    };
  },
  router: (spec, sift) => {
    requireId(spec.id);
    const gateway = sift('gateway', spec.gateway ? [spec.gateway] : [], (each) => leg(each, 'gateway', sift));
    const via = sift('gateway.via', spec.gateway?.via ? [spec.gateway.via] : [], (each) =>
      isUnicast(each) ? each : null,
    );
    return {
      ...spec,
      gateway: gateway[0] ? { ...gateway[0], via: via[0] ?? null } : null,
      routes: sift('routes', spec.routes, route),
      interfaces: sift('interfaces', spec.interfaces, (each) => leg(each, 'interfaces', sift)),
      floatingIps: sift('floatingIps', spec.floatingIps, (each) =>
        [each.floating, each.fixed].every((address) => isAddress(address) && familyOf(address) === 4) ? each : null,
      ),
    };
  },
  external: (spec) => {
    requireId(spec.id, '/external');
    requireSegment(spec.segment);
    requireForm('hostAddress', spec.hostAddress === null || isWithLength(spec.hostAddress));
    return spec;
  },
};

function requireForm(field: string, holds: boolean): void {
  if (!holds) throw badRequest(`${field} is not well formed, so nothing can be built from it on this host.`);
}

const requireId = (id: string, ending = '') =>
  requireForm('id', id.endsWith(ending) && resourceId.test(id.slice(0, id.length - ending.length)));

function requireSegment({ networkId, bridge, id, mtu, type, peers }: Segment): void {
  requireForm('segment.networkId', resourceId.test(networkId));
  requireForm('segment.bridge', linkName.test(bridge));
  requireForm('segment.id', Number.isInteger(id) && id >= 0 && id < 2 ** 24);
  requireForm('segment.mtu', Number.isInteger(mtu) && mtu >= 68 && mtu <= 65_535);
  requireForm('segment.type', ['vxlan', 'flat', 'local'].includes(type));
  requireForm('segment.peers', peers.every(isAddress));
}

const isId = (id: string) => (resourceId.test(id) ? id : null);
const nameOf = (name: string) => (hostLabel.test(name) ? name : '');
const fixedIp = <T extends { readonly address: string }>(each: T) => (isAddress(each.address) ? each : null);
const isWithLength = (address: string): boolean => address.includes('/') && fitted(canonicalRange, address) !== null;

function rule(each: FirewallRule): FirewallRule | null {
  ruleLine(each);
  return each;
}

function route<R extends { readonly destination: string; readonly nexthop: string }>(each: R): R | null {
  const { destination, nexthop } = each;
  const fits = isAddress(nexthop) && familyOf(destination) === familyOf(nexthop);
  if (!fits || !isUnicast(destination) || !isUnicast(nexthop)) return null;
  return { ...each, destination: canonicalRange(withLength(destination)) };
}

const withLength = (range: string) => (range.includes('/') ? range : `${range}/${familyOf(range) === 4 ? 32 : 128}`);

type Subnet = Specs['dhcp']['subnets'][number];

function subnet(each: Subnet, sift: Sift): Subnet | null {
  const family = familyOf(each.cidr);
  if (!isWithLength(each.cidr)) return null;
  const sameFamily = (address: string) => (isAddress(address) && familyOf(address) === family ? address : null);
  const routes = sift(`subnets ${each.id} routes`, each.routes, (way) => (sameFamily(way.nexthop) ? route(way) : null));
  const [gateway = null] = sift(`subnets ${each.id} gateway`, each.gateway === null ? [] : [each.gateway], sameFamily);
  const dns = sift(`subnets ${each.id} dns`, each.dns, sameFamily);
  return { ...each, cidr: canonicalRange(each.cidr), gateway, dns, routes };
}

interface Leg {
  readonly portId: string;
  readonly mac: string;
  readonly segment: Segment;
  readonly addresses: readonly string[];
}

function leg<L extends Leg>(each: L, field: string, sift: Sift): L | null {
  requireSegment(each.segment);
  if (!resourceId.test(each.portId) || !macAddress.test(each.mac)) return null;
  const own = (address: string) => (isWithLength(address) ? address : null);
  return { ...each, addresses: sift(`${field} ${each.portId} addresses`, each.addresses, own) };
}
