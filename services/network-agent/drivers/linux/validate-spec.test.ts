import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DhcpSpec, FirewallRule, PortSpec, RouterSpec, Segment } from '#shared/contracts/network-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import type { SpecKind, Specs } from '../records.ts';
import { dnsmasqFiles } from './dnsmasq-files.ts';
import { validateSpec } from './validate-spec.ts';

const segment: Segment = {
  networkId: 'n1',
  type: 'vxlan',
  id: 7,
  physical: null,
  bridge: 'babcd0000000001',
  mtu: 1450,
  peers: ['192.0.2.1'],
};
const port: PortSpec = {
  id: 'p1',
  segment,
  tap: 'tabcd0000000001',
  mac: 'fa:16:3e:00:00:01',
  fixedIps: [{ address: '10.7.0.11', subnetId: 's' }],
  allowedPairs: [{ address: '10.7.0.96/28', mac: '' }],
  guarded: true,
  adminUp: true,
  groupIds: ['g1'],
};
const rule: FirewallRule = {
  direction: 'ingress',
  family: 4,
  protocol: 'tcp',
  portMin: 22,
  portMax: 22,
  cidr: '10.0.0.0/8',
  remoteGroupId: null,
};
const group = { id: 'g1', rules: [rule], members: ['10.7.0.11'] };
const dhcp: DhcpSpec = {
  id: 'n1/dhcp',
  segment,
  port: { id: 'd1', mac: 'fa:16:3e:00:00:02', fixedIps: [{ address: '10.7.0.2', subnetId: 's' }] },
  subnets: [
    {
      id: 's',
      cidr: '10.7.0.0/24',
      gateway: '10.7.0.1',
      dns: ['9.9.9.9'],
      routes: [{ destination: '10.9.0.0/24', nexthop: '10.7.0.9' }],
      dhcp: true,
    },
  ],
  leases: [{ portId: 'p1', mac: 'fa:16:3e:00:00:01', address: '10.7.0.11', name: 'web' }],
  domain: 'example.org',
};
const router: RouterSpec = {
  id: 'r1',
  adminUp: true,
  interfaces: [{ portId: 'i1', mac: 'fa:16:3e:00:00:03', segment, addresses: ['10.7.0.1/24'] }],
  gateway: {
    portId: 'e1',
    mac: 'fa:16:3e:00:00:04',
    segment,
    addresses: ['172.24.4.10/24'],
    via: '172.24.4.1',
    snat: true,
  },
  floatingIps: [{ id: 'f1', floating: '172.24.4.100', fixed: '10.7.0.11' }],
  routes: [{ destination: '10.9.0.0/24', nexthop: '10.7.0.9' }],
};
const external = { id: 'n1/external', segment, hostAddress: '172.24.4.1/24', masquerade: true };
const specs: { readonly [K in SpecKind]: Specs[K] } = { port, group, dhcp, router, external };
const specKinds = Object.keys(specs) as SpecKind[];

test('a well-formed spec is returned unchanged', () => {
  for (const kind of specKinds)
    assert.deepEqual(validateSpec(kind, specs[kind]), { spec: specs[kind], refused: [] }, kind);
});

/** Characters that end a token, a line, a rule or a string for nft, ip or dnsmasq. */
const injections = ['\n', '\r', '\0', ' ', ';', '{', '}', '"', '#', ',', '\\', '%', '\u2028'].map(
  (mark) => `x${mark}flush ruleset`,
);
/** Fields that are never part of the input of another program. */
const unusedFields = /(^|\.)(physical|subnetId|name|type|direction)$|(floatingIps|subnets)\.0\.id$|leases\.0\.portId$/;

test('OSSA-2021-005, OSSA-2014-014: an injection into any field is left out, and a Fault or the list of refused fields names it', () => {
  for (const kind of specKinds)
    for (const [path, text] of textsOf(specs[kind]).filter(([path]) => !unusedFields.test(path)))
      for (const bad of [...injections, `${text}\n`, `${text} accept`, '']) {
        const named = namedField(kind, replaced(specs[kind], path.split('.'), bad) as Specs[SpecKind]);
        const mayBeEmpty = bad === '' && /protocol|cidr|mac$|domain|via$/.test(path);
        if (!mayBeEmpty)
          assert.ok(named.includes(path.split('.')[0] ?? ''), `${kind} ${path} ${JSON.stringify(bad)}: ${named}`);
      }
});

/** The fields that the Fault or `refused` names. The returned spec must not contain the injection. */
function namedField(kind: SpecKind, spec: Specs[SpecKind]): string {
  try {
    const { spec: kept, refused } = validateSpec(kind, spec);
    assert.doesNotMatch(JSON.stringify(kept), /flush ruleset|\\n/);
    return refused.join(' ');
  } catch (error) {
    assert.ok(error instanceof Fault, String(error));
    return error.message;
  }
}

const textsOf = (value: unknown, path = ''): [string, string][] => {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => textsOf(inner, path ? `${path}.${key}` : key));
};

function replaced(value: unknown, [key = '', ...rest]: readonly string[], by: string): unknown {
  const inner = (value as Record<string, unknown>)[key];
  const next = rest.length === 0 ? by : replaced(inner, rest, by);
  if (Array.isArray(value)) return value.map((item, at) => (String(at) === key ? next : item));
  return { ...(value as object), [key]: next };
}

test('a malformed rule, member, lease or address is left out, and the others stay', () => {
  const rules = [
    { protocol: 'nosuch' },
    { portMin: 60, portMax: 53 },
    { portMin: 0.5 },
    { portMax: 70_000 },
    { cidr: 'any; accept/0' },
    { cidr: 'fd00::/8' },
    { protocol: 'icmp', portMin: 256 },
    { remoteGroupId: 'x }' },
    {},
  ].map((more) => ({ ...rule, ...more }));
  const { spec, refused } = validateSpec('group', { ...group, rules, members: ['10.7.0.5/24', 'web', 'FD00:0::1'] });
  assert.deepEqual(spec.rules, [rule]);
  assert.deepEqual(spec.members, ['10.7.0.0/24', 'fd00::1']);
  assert.deepEqual(refused, [0, 1, 2, 3, 4, 5, 6, 7].map((at) => `rules[${at}]`).concat('members[1]'));
});

test('routes are in canonical form; those of another family or to no unicast address are left out', () => {
  const routes = [
    { destination: '192.168.9.5/24', nexthop: '10.7.0.9' },
    { destination: '10.2.0.7', nexthop: '10.7.0.9' },
    { destination: 'FD00:1:0::7/64', nexthop: 'fd00::9' },
    { destination: 'fd00:1::/64', nexthop: '10.7.0.9' },
    { destination: '224.0.0.0/4', nexthop: '10.7.0.9' },
    { destination: '10.3.0.0/16', nexthop: '127.0.0.1' },
    { destination: '10.3.0.0/16', nexthop: '10.7.0.0/24' },
  ];
  const { spec, refused } = validateSpec('router', { ...router, routes });
  assert.deepEqual(
    spec.routes.map(({ destination }) => destination),
    ['192.168.9.0/24', '10.2.0.7/32', 'fd00:1::/64'],
  );
  assert.deepEqual(refused, ['routes[3]', 'routes[4]', 'routes[5]', 'routes[6]']);
});

test('name servers and routes of a subnet of another family are left out and do not reach dnsmasq', () => {
  const [subnet] = dhcp.subnets;
  if (!subnet) throw new Error('a subnet');
  const mixed = {
    ...subnet,
    dns: ['2001:4860:4860::8888', '9.9.9.9'],
    routes: [
      { destination: '10.99.0.7', nexthop: '10.7.0.77' },
      { destination: '10.99.0.0/16', nexthop: 'fd00::1' },
    ],
  };
  const { spec, refused } = validateSpec('dhcp', { ...dhcp, subnets: [mixed], domain: 'a\nlog-facility=/etc/passwd' });
  const { options } = dnsmasqFiles(spec, '/run/x', []);
  assert.match(options, /option:dns-server,9\.9\.9\.9\n/);
  assert.match(
    options,
    /121,169\.254\.169\.254\/32,10\.7\.0\.2,10\.99\.0\.7\/32,10\.7\.0\.77,0\.0\.0\.0\/0,10\.7\.0\.1\n/,
  );
  assert.equal(spec.domain, '');
  assert.deepEqual(refused, ['domain[0]', 'subnets s routes[1]', 'subnets s dns[0]']);
});
