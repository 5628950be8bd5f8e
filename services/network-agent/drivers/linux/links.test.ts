/** Lines of `ip -batch` are computed from the current and the wanted state only. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RouterSpec, Segment } from '#shared/contracts/network-agent.ts';
import { bridgeLines } from './bridge.ts';
import type { Link, Links } from './commands.ts';
import { addressLines } from './external.ts';
import { namesOf } from './names.ts';
import { routeLines } from './router.ts';
import { vethLines } from './veth.ts';
import { floodLines, tunnelLines } from './vxlan.ts';

const link = (name: string, more: Partial<Link> = {}): Link => ({
  name,
  index: 1,
  mtu: 1450,
  mac: 'fa:16:3e:00:00:01',
  up: true,
  master: null,
  kind: null,
  vni: null,
  addresses: [],
  ...more,
});
const linksOf = (...all: Link[]): Links => new Map(all.map((each) => [each.name, each]));
const underlay = {
  names: namesOf('abcd'),
  tunnelAddress: '192.0.2.1',
  vxlanPort: 4789,
  wires: new Map([['public', 'eth1']]),
};
const segment: Segment = {
  networkId: 'n',
  type: 'vxlan',
  id: 7,
  physical: null,
  bridge: 'babcd0000000001',
  mtu: 1450,
  peers: [],
};
const far = { ...segment, peers: ['192.0.2.2'] };

test('a bridge as specified needs no line', () => {
  assert.deepEqual(bridgeLines(underlay, segment, linksOf(link(segment.bridge))), []);
});

test('OSSN-0069: a missing bridge is created without an address of its own, then set up', () => {
  const lines = bridgeLines(underlay, segment, linksOf());
  assert.match(lines[0] ?? '', /^link add babcd0000000001 mtu 1450 type bridge .*nf_call_iptables 1/);
  assert.deepEqual(lines.slice(-2), ['link set babcd0000000001 addrgenmode none', 'link set babcd0000000001 up']);
});

test('a network on several hosts has a tunnel, one on a single host has none', () => {
  assert.match(
    tunnelLines(underlay, far, linksOf())[0] ?? '',
    /link add vabcd0000000001 type vxlan id 7 local 192\.0\.2\.1 dstport 4789/,
  );
  const standing = link('vabcd0000000001', { vni: 7, master: segment.bridge });
  assert.deepEqual(tunnelLines(underlay, far, linksOf(standing)), []);
  assert.deepEqual(tunnelLines(underlay, segment, linksOf(standing)), ['link del vabcd0000000001']);
  assert.equal(tunnelLines(underlay, { ...far, id: 8 }, linksOf(standing))[0], 'link del vabcd0000000001');
});

test('the flood list follows the hosts, and entries learned from a removed host are deleted', () => {
  const entries = [
    { mac: '00:00:00:00:00:00', dst: '192.0.2.2' },
    { mac: '00:00:00:00:00:00', dst: '192.0.2.9' },
    { mac: 'fa:16:3e:00:00:01', dst: '192.0.2.9' },
    { mac: '33:33:00:00:00:01' },
  ];
  assert.deepEqual(floodLines('v', ['192.0.2.2', '192.0.2.3'], entries), [
    'fdb del 00:00:00:00:00:00 dev v dst 192.0.2.9',
    'fdb del fa:16:3e:00:00:01 dev v dst 192.0.2.9',
    'fdb append 00:00:00:00:00:00 dev v dst 192.0.2.3',
  ]);
});

test('the NIC of a flat network is attached, and a host without it refuses', () => {
  const flat: Segment = { ...segment, type: 'flat', physical: 'public' };
  const lines = bridgeLines(underlay, flat, linksOf(link(segment.bridge), link('eth1')));
  assert.deepEqual(lines, ['link set eth1 master babcd0000000001', 'link set eth1 up']);
  assert.throws(
    () => bridgeLines(underlay, flat, linksOf(link(segment.bridge))),
    /eth1, which this host does not have/,
  );
});

test('a veth pair is created once, and again when its MAC changes', () => {
  const cable = { veth: 'q', link: 'qr', mac: 'FA:16:3E:00:00:01', bridge: 'b', mtu: 1450 };
  assert.deepEqual(vethLines(cable, 's', linksOf(link('q', { master: 'b' })), linksOf(link('qr'))), []);
  assert.deepEqual(
    vethLines(
      { ...cable, mac: 'fa:16:3e:00:00:09' },
      's',
      linksOf(link('q', { master: 'b' })),
      linksOf(link('qr')),
    ).slice(0, 2),
    ['link del q', 'link add q mtu 1450 type veth peer name qr mtu 1450 address fa:16:3e:00:00:09 netns s'],
  );
});

test('a link gets exactly the wanted addresses', () => {
  const links = linksOf(link('x', { addresses: ['10.0.0.1/24', '10.0.0.9/32'] }));
  assert.deepEqual(addressLines('x', ['10.0.0.1/24', '10.0.0.5/32'], links), [
    'addr del 10.0.0.9/32 dev x',
    'addr add 10.0.0.5/32 dev x',
  ]);
});

test('a router gets its default route and extra routes, and surplus ones are deleted', () => {
  const router: RouterSpec = {
    id: 'r',
    adminUp: true,
    interfaces: [],
    gateway: {
      portId: 'abcdef0123456',
      mac: 'm',
      segment,
      addresses: ['172.24.4.9/24'],
      via: '172.24.4.1',
      snat: true,
    },
    floatingIps: [],
    routes: [{ destination: '10.9.0.0/24', nexthop: '10.7.0.9' }],
  };
  assert.deepEqual(routeLines(router, '-4', [{ dst: '10.1.0.0/24' }, { dst: '10.9.0.0/24' }]), [
    'route del 10.1.0.0/24 proto static',
    'route replace default via 172.24.4.1 dev qg-abcdef01234 onlink proto static',
    'route replace 10.9.0.0/24 via 10.7.0.9 proto static',
  ]);
  assert.deepEqual(routeLines({ ...router, gateway: null, routes: [] }, '-4', [{ dst: 'default' }]), [
    'route del 0.0.0.0/0 proto static',
  ]);
});
