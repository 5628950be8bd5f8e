/** Networking as guests see it, with real bridges, namespaces, packet filter and dnsmasq. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from '../../shared/process/run.ts';
import { hostPings, hostReaches, missing, openHost } from './network-agent-host.ts';
import { plugged, twoNetworks } from './network-agent-networks.ts';
import { anyRule, dhcpOf, groupOf, idOf, macOf, routerOf } from './network-agent-specs.ts';

const skip = await missing();

test('a guest gets its address, its MTU, its routes and its metadata', { skip }, async (t) => {
  const host = await openHost(t);
  const blue = host.segment(1);
  const port = host.port(1, blue, '10.7.0.11', { groupIds: [idOf(6, 1)] });
  await host.driver.ensureGroup(groupOf(1, []));
  await host.driver.ensurePort(port);
  await host.driver.ensureDhcp(dhcpOf(blue, '10.7.0', 1, [port]));
  host.owners.set(`${blue.networkId} 10.7.0.11`, 'server-1');
  const guest = await host.guest(port);
  const lease = await guest.lease();
  assert.match(lease, /ip=10\.7\.0\.11 mtu=1450 router=10\.7\.0\.1 dns=10\.7\.0\.2/);
  assert.match(lease, /169\.254\.169\.254\/32 10\.7\.0\.2 0\.0\.0\.0\/0 10\.7\.0\.1/);
  assert.equal(await guest.get('http://169.254.169.254/openstack'), 'server-1 /openstack');
});

test('DHCP and metadata work again after the DHCP port is replaced', { skip }, async (t) => {
  const host = await openHost(t);
  const blue = host.segment(1);
  await host.driver.ensureGroup(groupOf(1, []));
  const port = host.port(1, blue, '10.7.0.11', { groupIds: [idOf(6, 1)] });
  await host.driver.ensurePort(port);
  host.owners.set(`${blue.networkId} 10.7.0.11`, 'web');
  const guest = await host.guest(port);
  await host.driver.ensureDhcp(dhcpOf(blue, '10.7.0', 1, [port]));
  await guest.lease();
  assert.equal(await guest.get('http://169.254.169.254/x'), 'web /x');
  const other = dhcpOf(blue, '10.7.0', 2, [port]);
  const fixedIps = [{ address: '10.7.0.3', subnetId: `${blue.networkId}/4` }];
  await host.driver.ensureDhcp({ ...other, port: { ...other.port, fixedIps } });
  assert.match(await guest.lease(), /dns=10\.7\.0\.3 .*169\.254\.169\.254\/32 10\.7\.0\.3/);
  assert.equal(await guest.get('http://169.254.169.254/x'), 'web /x');
  await host.driver.ensureDhcpGone(other);
  await host.driver.ensureDhcp(dhcpOf(blue, '10.7.0', 3, [port]));
  await guest.lease();
  assert.equal(await guest.get('http://169.254.169.254/x'), 'web /x');
});

test('guests of two networks reach each other across a router, and the external network under its address', {
  skip,
}, async (t) => {
  const { host, web, db } = await twoNetworks(t);
  assert.ok(await web.pings('10.8.0.21'), 'across the router');
  assert.ok(await web.pings('10.8.0.21', '-s', '4000'), 'in fragments');
  assert.ok(await db.pings(`${host.external}.1`), 'external, by the router’s address');
  assert.ok(await web.cannotPing('10.7.0.99'), 'an unused address');
});

test('a floating IP reaches its guest from the host, from outside and from other guests', { skip }, async (t) => {
  const { host, router, web, db, blue } = await twoNetworks(t);
  const peer = host.port(3, blue, '10.7.0.12', { groupIds: [idOf(6, 1)] });
  await host.driver.ensurePort(peer);
  const near = await host.guest(peer);
  await near.address('10.7.0.12/24');
  await near.route('default', 'via', '10.7.0.1');
  const floating = `${host.external}.100`;
  await host.driver.ensureRouter({ ...router, floatingIps: [{ id: 'f', floating, fixed: '10.7.0.11' }] });
  await web.listens(7000);
  assert.ok(await hostPings(floating), 'from the host');
  assert.ok(await hostReaches(floating, 7000), 'a service of the guest');
  assert.ok(await near.pings(floating), 'hairpin in one network');
  assert.ok(await db.reaches(floating, 7000), 'from the other network');
  assert.ok(await web.pings(floating), 'its own');
  await host.driver.ensureRouter(router);
  assert.ok(!(await hostPings(floating)), 'after its removal');
});

test('OSSA-2015-021: changes of a security group’s rules and members take effect at once', {
  skip,
}, async (t) => {
  const host = await openHost(t);
  const blue = host.segment(1);
  const group = groupOf(1, [
    { protocol: 'tcp', portMin: 7000, portMax: 7001, remoteGroupId: idOf(6, 2) },
    { protocol: 'tcp', portMin: 7002, portMax: 7002, cidr: '10.7.0.0/24' },
  ]);
  await host.driver.ensureGroup(group);
  const web = await plugged(host, host.port(1, blue, '10.7.0.11', { groupIds: [group.id] }));
  const other = await plugged(host, host.port(2, blue, '10.7.0.12', { groupIds: [group.id] }));
  for (const port of [7000, 7002, 7003]) await web.listens(port);
  assert.ok(await other.cannotPing('10.7.0.11'), 'no rule for ICMP');
  assert.ok(!(await other.reaches('10.7.0.11', 7000, 0.5)), 'not a member');
  assert.ok(await other.reaches('10.7.0.11', 7002), 'a rule with its address');
  assert.ok(!(await other.reaches('10.7.0.11', 7003, 0.5)), 'no rule');
  await host.driver.ensureGroup(groupOf(2, [], ['10.7.0.12', '10.7.0.0/28']));
  assert.ok(await other.reaches('10.7.0.11', 7000), 'as a member');
  await host.driver.ensureGroup({
    ...group,
    rules: [...group.rules, { ...anyRule, protocol: 'icmp', portMin: 8, portMax: 0 }],
  });
  assert.ok(await other.pings('10.7.0.11'), 'a new rule');
  const silent = host.port(2, blue, '10.7.0.12', { groupIds: [] });
  await host.driver.ensurePort(silent);
  assert.ok(!(await other.reaches('10.7.0.11', 7002, 0.5)), 'without a group there is no egress');
});

test('OSSA-2016-009: a guest cannot send with another MAC or address', { skip }, async (t) => {
  const host = await openHost(t);
  const blue = host.segment(1);
  await host.driver.ensureGroup(groupOf(1, [{}, { family: 6 }]));
  const port = host.port(1, blue, '10.7.0.11', { groupIds: [idOf(6, 1)] });
  const thief = await plugged(host, port);
  const other = await plugged(host, host.port(2, blue, '10.7.0.12', { groupIds: [idOf(6, 1)] }));
  assert.ok(await thief.pings('10.7.0.12'), 'as itself');
  await thief.address('10.7.0.99/32');
  assert.ok(await thief.cannotPing('10.7.0.12', '-I', '10.7.0.99'), 'another address');
  const claims = (address: string) =>
    thief.exec('busybox', 'arping', '-q', '-c', '1', '-w', '1', '-s', address, '-I', 'eth0', '10.7.0.12');
  assert.notEqual((await claims('10.7.0.99')).code, 0, 'ARP for another address');
  assert.equal((await claims('10.7.0.11')).code, 0, 'ARP for its own');
  await host.driver.ensurePort({ ...port, allowedPairs: [{ address: '10.7.0.96/28', mac: port.mac }] });
  assert.ok(await thief.pings('10.7.0.12', '-I', '10.7.0.99'), 'an allowed pair');
  await host.driver.ensurePort(port);
  await thief.exec('ip', 'link', 'set', 'eth0', 'address', 'fa:16:3e:99:99:99');
  assert.ok(await thief.cannotPing('10.7.0.12'), 'another MAC');
  await host.driver.ensurePort({ ...port, guarded: false });
  assert.ok(await thief.pings('10.7.0.12'), 'without port security');
  await host.driver.ensurePort({ ...port, guarded: false, adminUp: false });
  assert.ok(await other.cannotPing('10.7.0.11'), 'a port that is down has no traffic');
});

test('OSSA-2021-001: a guest sends IPv6 from its own addresses only, and no router or neighbour advertisements of others', {
  skip,
}, async (t) => {
  const host = await openHost(t);
  const blue = host.segment(1);
  await host.driver.ensureGroup(groupOf(1, [{ family: 6 }]));
  const both = (address: string) => ({
    groupIds: [idOf(6, 1)],
    fixedIps: [{ address, subnetId: `${blue.networkId}/6` }],
  });
  const port = host.port(1, blue, '', both('fd00:7::11'));
  const closed = host.port(2, blue, '', { ...both('fd00:7::12') });
  await host.driver.ensurePort(port);
  await host.driver.ensurePort(closed);
  const [thief, other] = [await host.guest(port), await host.guest(closed)];
  await thief.address('fd00:7::11/64', 'fd00:7::99/64');
  await other.address('fd00:7::12/64');
  assert.ok(await thief.pings('fd00:7::12', '-I', 'fd00:7::11'), 'as itself');
  assert.ok(await thief.pings('fd00:7::12', '-I', 'fd00:7::11', '-s', '4000'), 'as itself, in fragments');
  assert.ok(await thief.cannotPing('fd00:7::12', '-I', 'fd00:7::99'), 'as another');
  assert.ok(await other.cannotPing('fd00:7::99'), 'no neighbour advertisement for that address');
  await host.driver.ensurePort({ ...closed, groupIds: [] });
  assert.ok(await other.cannotPing('fd00:7::11'), 'without a group there is no egress');
});

test('security groups of a guest on the external network apply to traffic with the host too', { skip }, async (t) => {
  const host = await openHost(t);
  const outside = host.segment(3, { type: 'flat', physical: 'public', mtu: 1500 });
  const hostAddress = `${host.external}.1/24`;
  const external = { id: `${outside.networkId}/external`, segment: outside, hostAddress, masquerade: true };
  await host.driver.ensureExternal(external);
  await host.driver.ensureGroup(groupOf(1, [{ protocol: 'tcp', portMin: 7000, portMax: 7000 }]));
  const guest = await plugged(host, host.port(1, outside, `${host.external}.20`, { groupIds: [idOf(6, 1)] }));
  for (const port of [7000, 7001]) await guest.listens(port);
  assert.ok(await hostReaches(`${host.external}.20`, 7000), 'the port of the rule');
  assert.ok(!(await hostReaches(`${host.external}.20`, 7001)), 'no other port');
  assert.ok(await guest.pings(`${host.external}.1`), 'egress is allowed');
  await host.driver.ensurePort(host.port(1, outside, `${host.external}.20`, { groupIds: [] }));
  assert.ok(await guest.cannotPing(`${host.external}.1`), 'without a group there is no egress');
});

test('two clouds on one host cannot have the same external range', { skip }, async (t) => {
  const [host, other] = [await openHost(t), await openHost(t)];
  const specOf = ({ segment }: typeof host) => {
    const outside = segment(3, { type: 'flat', physical: 'public', mtu: 1500 });
    const hostAddress = `${host.external}.1/24`;
    return { id: `${outside.networkId}/external`, segment: outside, hostAddress, masquerade: true };
  };
  await host.driver.ensureExternal(specOf(host));
  await assert.rejects(other.driver.ensureExternal(specOf(other)), /give this cloud another external range/);
});

test('OSSA-2015-018: a tap without a spec has no traffic', { skip }, async (t) => {
  const host = await openHost(t);
  const blue = host.segment(1);
  await host.driver.ensureGroup(groupOf(1, [{}]));
  const web = await plugged(host, host.port(1, blue, '10.7.0.11', { groupIds: [idOf(6, 1)] }));
  const anonymous = await host.guest(host.port(9, blue, '10.7.0.19'));
  await anonymous.address('10.7.0.19/24');
  assert.ok(await anonymous.cannotPing('10.7.0.11'));
  assert.ok(await web.cannotPing('10.7.0.19'));
});

test('two clouds with the same addresses and networks on one host are isolated', { skip }, async (t) => {
  const clouds = await Promise.all([openHost(t), openHost(t)]);
  const guests = await Promise.all(
    clouds.map(async (host, index) => {
      const blue = host.segment(1);
      await host.driver.ensureGroup(groupOf(1, [{}]));
      const port = host.port(1, blue, '10.7.0.11', { groupIds: [idOf(6, 1)] });
      await host.driver.ensureDhcp(dhcpOf(blue, '10.7.0', 1, [port]));
      host.owners.set(`${blue.networkId} 10.7.0.11`, `server of ${index}`);
      await host.driver.ensurePort(port);
      const first = await host.guest(port);
      await first.lease();
      if (index === 0) await plugged(host, host.port(2, blue, '10.7.0.12', { groupIds: [idOf(6, 1)] }));
      return first;
    }),
  );
  const [first, second] = guests as [(typeof guests)[0], (typeof guests)[0]];
  assert.ok(await first.pings('10.7.0.12'));
  assert.ok(await second.cannotPing('10.7.0.12'), 'a guest of the other cloud');
  assert.match(await first.get('http://169.254.169.254/x'), /server of 0/);
  assert.match(await second.get('http://169.254.169.254/x'), /server of 1/);
});

test('OSSN-0018, OSSN-0069: the host has no presence on tenants’ networks', { skip }, async (t) => {
  const { web, host } = await twoNetworks(t);
  const bridgeMac = await macOfLink(host.segment(1).bridge);
  await web.exec('ip', 'neigh', 'replace', '10.7.0.77', 'lladdr', bridgeMac, 'dev', 'eth0', 'nud', 'permanent');
  await web.route(`${host.external}.1/32`, 'via', '10.7.0.77', 'dev', 'eth0');
  assert.ok(await web.cannotPing(`${host.external}.1`), 'a frame for the bridge itself');
  await web.route(`${host.external}.1/32`, 'dev', 'eth0');
  assert.ok(await web.cannotPing(`${host.external}.1`), 'ARP for an address of the host');
});

test('OSSA-2013-033: metadata works behind a router, and each network gets only its own', { skip }, async (t) => {
  const { host, web, db, blue, red } = await twoNetworks(t);
  host.owners.set(`${blue.networkId} 10.7.0.11`, 'web');
  host.owners.set(`${red.networkId} 10.8.0.21`, 'db');
  assert.equal(await web.get('http://169.254.169.254/latest'), 'web /latest');
  assert.equal(await db.get('http://169.254.169.254/latest'), 'db /latest');
  host.owners.delete(`${red.networkId} 10.8.0.21`);
  assert.equal(await db.get('http://169.254.169.254/latest'), '');
});

test('OSSA-2014-019: unusual routes and ranges break neither their router nor others', { skip }, async (t) => {
  const { host, router, web, blue } = await twoNetworks(t);
  const floating = `${host.external}.100`;
  const routes = [
    { destination: '192.168.9.5/24', nexthop: '10.7.0.9' },
    { destination: 'fd00:1::/64', nexthop: '10.7.0.9' },
    { destination: '224.0.0.0/4', nexthop: '10.7.0.9' },
    { destination: '192.168.11.0/24', nexthop: '203.0.113.9' },
    { destination: '192.168.10.0/24', nexthop: '10.7.0.9' },
  ];
  const floatingIps = [{ id: 'f', floating, fixed: '10.7.0.11' }];
  const { refused } = await host.driver.ensureRouter({ ...router, routes, floatingIps });
  assert.deepEqual(refused.slice(0, 2), ['routes[1]', 'routes[2]']);
  assert.match(refused[2] ?? '', /192\.168\.11\.0\/24 via 203\.0\.113\.9/, 'the route that the kernel refuses');
  const { stdout } = await run(['ip', '-n', host.names.routerNamespace(router.id), 'route', 'show', 'proto', 'static']);
  assert.match(stdout, /192\.168\.9\.0\/24 via 10\.7\.0\.9/);
  assert.match(stdout, /192\.168\.10\.0\/24 via 10\.7\.0\.9/);
  assert.ok(await hostPings(floating));
  const odd = ['::/64', 'fd00::1/128', '::ffff:10.0.0.1/96', 'fe80::1/64'];
  const legs = odd.map((address, at) => ({
    portId: idOf(5, 32 + at),
    mac: macOf(0x532 + at),
    segment: blue,
    addresses: [address],
  }));
  for (const [at, leg] of legs.entries()) {
    await host.driver.ensureRouter({ ...routerOf(9 + at, []), interfaces: [leg] }).catch(() => {});
    assert.ok(await web.pings('10.8.0.21'), `beside a router with ${leg.addresses[0]}`);
  }
});

const macOfLink = async (link: string) => (await run(['cat', `/sys/class/net/${link}/address`])).stdout.trim();
