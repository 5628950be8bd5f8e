/** Addresses, ranges and protocols are brought into canonical form, or refused with the value in the message. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admin, blueNetwork, bootPort, type Cloud, nova, nowhere, refusal, startCloud, until } from './cloud.test.ts';

const portOn = (cloud: Cloud, network_id: string, more: object, as?: string) =>
  refusal(cloud, 'POST', 'ports', { port: { network_id, ...more } }, as);

test('a duplicate address is a 400, and an address that is requested again is kept', async (t) => {
  const cloud = await startCloud(t);
  const { network, subnet } = await blueNetwork(cloud);
  const twice = { fixed_ips: [{ ip_address: '10.7.0.200' }, { ip_address: '10.7.0.200' }] };
  const refused = await portOn(cloud, network.id, twice);
  assert.deepEqual([refused.status, refused.type], [400, 'HTTPBadRequest']);
  const port = await cloud.make('ports', { port: { network_id: network.id, fixed_ips: [{ ip_address: '10.7.0.9' }] } });
  const asked = [{ subnet_id: subnet.id, ip_address: '10.7.0.9' }, { subnet_id: subnet.id }];
  const { status, body } = await cloud.ask('PUT', `/v2.0/ports/${port.id}`, { port: { fixed_ips: asked } });
  assert.equal(status, 200, JSON.stringify(body));
  const held = (body.port as { fixed_ips: { ip_address: string }[] }).fixed_ips.map(({ ip_address }) => ip_address);
  assert.equal(new Set(held).size, 2);
  assert.ok(held.includes('10.7.0.9'));
  const three = { fixed_ips: [{ subnet_id: subnet.id }, { subnet_id: subnet.id }, { subnet_id: subnet.id }] };
  const again = await cloud.ask('PUT', `/v2.0/ports/${port.id}`, { port: three });
  const now = (again.body.port as { fixed_ips: { ip_address: string }[] }).fixed_ips.map(
    ({ ip_address }) => ip_address,
  );
  assert.ok(held.every((address) => now.includes(address)));
  assert.equal((await cloud.ask('PUT', `/v2.0/ports/${port.id}`, { port: twice })).status, 400);
});

test('addresses of a port are shown sorted', async (t) => {
  const cloud = await startCloud(t);
  const { network } = await blueNetwork(cloud);
  const fixed_ips = ['10.7.0.30', '10.7.0.10', '10.7.0.20'].map((ip_address) => ({ ip_address }));
  const port = await cloud.make('ports', { port: { network_id: network.id, fixed_ips } });
  assert.deepEqual(
    (port.fixed_ips as { ip_address: string }[]).map(({ ip_address }) => ip_address),
    ['10.7.0.10', '10.7.0.20', '10.7.0.30'],
  );
});

test('a missing subnet is a 404', async (t) => {
  const cloud = await startCloud(t);
  await until(async () => (await cloud.list('networks?name=public')).length === 1);
  const [outside] = await cloud.list('networks?name=public');
  const floatingip = { floating_network_id: outside?.id, subnet_id: nowhere };
  assert.equal((await refusal(cloud, 'POST', 'floatingips', { floatingip })).type, 'SubnetNotFound');
  const gateway = { network_id: outside?.id, external_fixed_ips: [{ subnet_id: nowhere }] };
  const router = { router: { external_gateway_info: gateway } };
  assert.equal((await refusal(cloud, 'POST', 'routers', router, admin)).type, 'SubnetNotFound');
});

test('OSSA-2014-039, OSSA-2021-005: name servers and host routes are canonical, of the subnet’s family, and unique', async (t) => {
  const cloud = await startCloud(t);
  const { subnet } = await blueNetwork(cloud);
  const change = (more: object) => refusal(cloud, 'PUT', `subnets/${subnet.id}`, { subnet: more });
  const route = (destination: string, nexthop = '10.7.0.9') => ({ host_routes: [{ destination, nexthop }] });
  const bad = [
    route('10.99.0.7'),
    route('10.99.0.0/16', 'fd00::1'),
    route('fd00::/64'),
    route('224.0.0.0/4'),
    route('127.0.0.0/8'),
    route('10.99.0.0/16\n'),
    route('10.99.0.0/16', '10.7.0.9\ndhcp-script=x'),
    { host_routes: [route('10.9.0.0/16'), route('10.9.0.0/16')].flatMap(({ host_routes }) => host_routes) },
    { host_routes: [route('10.9.0.0/16'), route('10.9.0.9/16')].flatMap(({ host_routes }) => host_routes) },
    { dns_nameservers: ['2001:4860:4860::8888', '9.9.9.9'] },
    { dns_nameservers: ['9.9.9.9', '9.9.9.9'] },
    { dns_nameservers: ['9.9.9.9\r#'] },
    { dns_nameservers: [`${'1.'.repeat(25_000)}1`] },
    { dns_nameservers: ['1.1.1.1', '1.1.1.2', '1.1.1.3', '1.1.1.4', '1.1.1.5', '1.1.1.6'] },
  ];
  for (const each of bad) assert.equal((await change(each)).status, 400, JSON.stringify(each).slice(0, 100));
  const { body } = await cloud.ask('PUT', `/v2.0/subnets/${subnet.id}`, { subnet: route('10.99.7.7/16') });
  assert.deepEqual((body.subnet as { host_routes: unknown }).host_routes, [
    { destination: '10.99.0.0/16', nexthop: '10.7.0.9' },
  ]);
});

test('routes of a router have cleared host bits, matching families and no duplicates', async (t) => {
  const cloud = await startCloud(t);
  const host = cloud.startHost('kvm-1');
  await cloud.hostIsKnown('kvm-1');
  const { subnet } = await blueNetwork(cloud);
  const { id } = await cloud.make('routers', { router: {} });
  await cloud.ask('PUT', `/v2.0/routers/${id}/add_router_interface`, { subnet_id: subnet.id });
  const routes = (...destinations: string[]) => ({
    router: { routes: destinations.map((destination) => ({ destination, nexthop: '10.7.0.9' })) },
  });
  for (const bad of [['fd00:1::/64'], ['224.0.0.0/4'], ['10.2.0.0'], ['10.2.0.0/16', '10.2.9.9/16']])
    assert.equal((await refusal(cloud, 'PUT', `routers/${id}`, routes(...bad))).status, 400, String(bad));
  const lone = await refusal(cloud, 'PUT', `routers/${id}`, routes('10.2.0.0'));
  assert.match(lone.message ?? '', /'10\.2\.0\.0\/32' is recommended/);
  assert.equal((await refusal(cloud, 'PUT', `routers/${id}`, routes('192.168.9.5/24', '10.3.0.0/16'))).status, 200);
  await until(() => host.routers.get(id)?.routes.length === 2);
  assert.equal(host.routers.get(id)?.routes[0]?.destination, '192.168.9.0/24');
});

test('OSSA-2014-014, OSSA-2014-019, OSSA-2015-012: ranges without usable addresses are refused', async (t) => {
  const cloud = await startCloud(t);
  const { id: network_id } = await cloud.make('networks', { network: {} });
  const v6 = { ip_version: 6, cidr: 'fd00:7::/64' };
  const bad = [
    { cidr: '0.0.0.0/0', ip_version: 4 },
    { cidr: '0.0.0.0/8', ip_version: 4 },
    { cidr: '224.0.0.0/8', ip_version: 4 },
    { cidr: '127.0.0.0/24', ip_version: 4 },
    { cidr: '10.1.0.0/31', ip_version: 4 },
    { cidr: '10.1.0.0', ip_version: 4 },
    { cidr: '::/0', ip_version: 6 },
    { cidr: '::ffff:10.0.0.0/127', ip_version: 6 },
    { cidr: 'fd00:7::1/128', ip_version: 6 },
    { ...v6, ipv6_ra_mode: 'slaac', ipv6_address_mode: 'dhcpv6-stateful' },
    { ...v6, cidr: 'fd00:7::/63', ipv6_address_mode: 'slaac', ipv6_ra_mode: 'slaac' },
    { ...v6, enable_dhcp: false, ipv6_ra_mode: 'slaac' },
  ];
  for (const subnet of bad) {
    const { status } = await refusal(cloud, 'POST', 'subnets', { subnet: { network_id, ...subnet } });
    assert.equal(status, 400, JSON.stringify(subnet));
  }
  for (const subnet of [
    { cidr: '10.1.0.0/31', ip_version: 4, enable_dhcp: false },
    { cidr: '10.2.0.1/32', ip_version: 4, enable_dhcp: false, gateway_ip: null },
    { cidr: '10.3.0.0/24', ip_version: 4, allocation_pools: [] },
    { ...v6, ipv6_address_mode: 'slaac', ipv6_ra_mode: 'slaac' },
  ])
    await cloud.make('subnets', { subnet: { network_id, ...subnet } });
  const { id } = await cloud.make('networks', { network: {} });
  const port = await cloud.make('ports', { port: { network_id: id } });
  const pairs = ['0.0.0.0/0', '::/0', '224.0.0.1', '10.9.9.9/8'].map((ip_address) => ({ ip_address }));
  const change = { port: { allowed_address_pairs: pairs } };
  const { body } = await cloud.ask('PUT', `/v2.0/ports/${port.id}`, change);
  const shown = (body.port as { allowed_address_pairs: { ip_address: string }[] }).allowed_address_pairs;
  assert.deepEqual(
    shown.map(({ ip_address }) => ip_address),
    ['0.0.0.0/0', '::/0', '224.0.0.1', '10.0.0.0/8'],
  );
});

test('an IPv6 subnet needs an MTU of 1280, and a pool of its own family', async (t) => {
  const cloud = await startCloud(t);
  const { id: network_id } = await cloud.make('networks', { network: { mtu: 1200 } });
  const subnet = { network_id, ip_version: 6, cidr: 'fd00:8::/64' };
  const refused = await refusal(cloud, 'POST', 'subnets', { subnet });
  assert.deepEqual([refused.status, refused.type], [409, 'NetworkMTUSubnetConflict']);
  await cloud.ask('PUT', `/v2.0/networks/${network_id}`, { network: { mtu: 1400 } });
  await cloud.make('subnets', { subnet });
  const smaller = await refusal(cloud, 'PUT', `networks/${network_id}`, { network: { mtu: 1279 } });
  assert.equal(smaller.type, 'NetworkMTUSubnetConflict');
  const pool = { name: 'p', prefixes: ['10.20.0.0/22'], default_prefixlen: 24, min_prefixlen: '24' };
  const made = await cloud.make('subnetpools', { subnetpool: pool });
  assert.deepEqual([made.default_prefixlen, made.min_prefixlen, made.max_prefixlen], ['24', '24', '32']);
  const cut = { network_id, ip_version: 6, subnetpool_id: made.id };
  const other = await refusal(cloud, 'POST', 'subnets', { subnet: cut });
  assert.match(other.message ?? '', /Cannot allocate IPv6 subnet from IPv4 subnet pool/);
});

test('OSSA-2012-007, OSSA-2019-001: a protocol is normalised or refused, and an equivalent rule is a duplicate', async (t) => {
  const cloud = await startCloud(t);
  const group = await cloud.make('security-groups', { security_group: { name: 'web' } });
  const rule = (more: object) => ({
    security_group_rule: { security_group_id: group.id, direction: 'ingress', ...more },
  });
  const v4 = { ethertype: 'IPv4' };
  const bad = [
    { ...v4, protocol: ' tcp' },
    { ...v4, protocol: 'tcp', port_range_min: 0, port_range_max: 0 },
    { ...v4, protocol: 'tcp', port_range_min: 1 },
    { ...v4, protocol: 'vrrp', port_range_min: 1, port_range_max: 2 },
    { ...v4, protocol: '112', port_range_min: 1, port_range_max: 2 },
    { ...v4, protocol: 'any', port_range_min: 1, port_range_max: 2 },
    { ...v4, protocol: 'icmp', port_range_max: 2 },
    { ...v4, protocol: 'icmp', port_range_min: 256 },
    { ...v4, protocol: 256 },
    ...['ipv6-icmp', 'ipv6-frag', 'icmpv6', 58, '44'].map((protocol) => ({ ...v4, protocol })),
    { ...v4, remote_ip_prefix: '10.0.0.0/33' },
    { ...v4, remote_ip_prefix: 'fd00::/8' },
  ];
  for (const each of bad)
    assert.equal((await refusal(cloud, 'POST', 'security-group-rules', rule(each))).status, 400, JSON.stringify(each));
  const shown = async (more: object) => (await cloud.make('security-group-rules', rule(more))).protocol;
  assert.equal(await shown({ ...v4, protocol: 'TCP', port_range_min: 22, port_range_max: 22 }), 'tcp');
  assert.equal(await shown({ ethertype: 'IPv6', protocol: 'icmp' }), 'ipv6-icmp');
  assert.equal(await shown({ ...v4, protocol: 'ip' }), 'ip');
  assert.equal(await shown({ ...v4, protocol: 112 }), '112');
  const twins = [
    { ...v4, protocol: 6, port_range_min: '22', port_range_max: '22' },
    { ethertype: 'IPv6', protocol: '1' },
    { ...v4, protocol: 'hopopt' },
    { ...v4, protocol: 0 },
    { ...v4, protocol: 'vrrp' },
  ];
  for (const each of twins) {
    const { type } = await refusal(cloud, 'POST', 'security-group-rules', rule(each));
    assert.equal(type, 'SecurityGroupRuleExists', JSON.stringify(each));
  }
  const prefix = { ethertype: 'IPv6', protocol: 'udp', remote_ip_prefix: '2001:558:FC00::/39' };
  assert.equal((await cloud.make('security-group-rules', rule(prefix))).remote_ip_prefix, '2001:558:fc00::/39');
  const all = await cloud.make(
    'security-group-rules',
    rule({ ...v4, protocol: 'udp', port_range_min: 1, port_range_max: 65_535 }),
  );
  assert.deepEqual([all.port_range_min, all.port_range_max], [null, null]);
});

test('a host gets protocol 0 as a number', async (t) => {
  const cloud = await startCloud(t);
  const host = cloud.startHost('kvm-1');
  await cloud.hostIsKnown('kvm-1');
  const { network } = await blueNetwork(cloud);
  const bound = await bootPort(cloud, network.id, 'kvm-1');
  const [group = ''] = bound.security_groups as string[];
  const rule = { security_group_id: group, direction: 'ingress', protocol: 'ip' };
  await cloud.make('security-group-rules', { security_group_rule: rule });
  await until(() => host.groups.get(group)?.rules.some(({ protocol }) => protocol === '0') ?? false);
});

test('invalid ports are refused with Neutron’s status', async (t) => {
  const cloud = await startCloud(t);
  cloud.startHost('kvm-1');
  await cloud.hostIsKnown('kvm-1');
  const { network } = await blueNetwork(cloud);
  const port = await cloud.make('ports', { port: { network_id: network.id } });
  const [group] = port.security_groups as string[];
  const change = async (more: object) => {
    const { status, type } = await refusal(cloud, 'PUT', `ports/${port.id}`, { port: more });
    return [status, type];
  };
  assert.deepEqual(await change({ port_security_enabled: false }), [409, 'PortSecurityPortHasSecurityGroup']);
  assert.deepEqual(await change({ security_groups: [group, group] }), [400, 'HTTPBadRequest']);
  const open = {
    port_security_enabled: false,
    security_groups: [],
    allowed_address_pairs: [{ ip_address: '10.9.0.1' }],
  };
  assert.deepEqual(await change(open), [409, 'AddressPairAndPortSecurityRequired']);
  const options = await portOn(cloud, network.id, { extra_dhcp_opts: [{ opt_name: 'x', opt_value: 'y\n' }] });
  assert.match(options.message ?? '', /DHCP options of a port are not supported/);
  const bound = await bootPort(cloud, network.id, 'kvm-1');
  const mac = { port: { mac_address: 'fa:16:3e:00:00:77' } };
  assert.equal((await refusal(cloud, 'PUT', `ports/${bound.id}`, mac, admin)).type, 'PortBound');
});

test('a port with admin_state_up false is DOWN, and ACTIVE when it is true again', async (t) => {
  const cloud = await startCloud(t);
  const host = cloud.startHost('kvm-1');
  await cloud.hostIsKnown('kvm-1');
  const { network } = await blueNetwork(cloud);
  const { id } = await bootPort(cloud, network.id, 'kvm-1');
  const is = (status: string) => until(async () => (await cloud.show(`ports/${id}`)).status === status);
  await is('ACTIVE');
  await cloud.ask('PUT', `/v2.0/ports/${id}`, { port: { admin_state_up: false } });
  await is('DOWN');
  await until(() => host.ports.get(id)?.adminUp === false);
  await cloud.hostsInSync();
  await is('DOWN');
  await cloud.ask('PUT', `/v2.0/ports/${id}`, { port: { admin_state_up: true } });
  await is('ACTIVE');
});

test('a deleted DHCP port is created again with its address', async (t) => {
  const cloud = await startCloud(t);
  const host = cloud.startHost('kvm-1');
  await cloud.hostIsKnown('kvm-1');
  const { network } = await blueNetwork(cloud);
  await bootPort(cloud, network.id, 'kvm-1');
  const leases = async () => (await cloud.list(`ports?network_id=${network.id}&device_owner=network:dhcp`))[0];
  await until(async () => (await leases())?.status === 'ACTIVE');
  const before = await leases();
  assert.equal((await cloud.ask('DELETE', `/v2.0/ports/${before?.id}`)).status, 204);
  const after = await leases();
  assert.notEqual(after?.id, before?.id);
  assert.deepEqual(after?.fixed_ips, before?.fixed_ips);
  await until(() => host.dhcp.get(`${network.id}/dhcp`)?.port.id === after?.id);
});

test('items of a bulk create may be wrapped, and an empty last page has a previous link', async (t) => {
  const cloud = await startCloud(t, { settings: { external: '' } });
  const wrapped = { networks: [{ network: { name: 'a' } }, { network: { name: 'b' } }, { name: 'c' }] };
  const made = await cloud.ask('POST', '/v2.0/networks', wrapped);
  assert.deepEqual(
    (made.body.networks as { name: string }[]).map(({ name }) => name),
    ['a', 'b', 'c'],
  );
  const sorted = 'networks?limit=2&sort_key=name&sort_dir=asc';
  const last = (made.body.networks as { id: string }[])[2]?.id;
  const behind = await cloud.ask('GET', `/v2.0/${sorted}&marker=${last}`);
  const [link] = behind.body.networks_links as { rel: string; href: string }[];
  assert.equal(link?.rel, 'previous');
  const { body } = await cloud.ask('GET', (link?.href ?? '').slice(cloud.url.length));
  assert.deepEqual(
    (body.networks as { name: string }[]).map(({ name }) => name),
    ['b', 'c'],
  );
  assert.deepEqual(await cloud.list('service-providers'), []);
});

test('a project that does not exist is refused', async (t) => {
  const cloud = await startCloud(t, { unknownProjects: ['typo'] });
  const { network } = await blueNetwork(cloud);
  const port = { port: { network_id: network.id, project_id: 'typo' } };
  const refused = await refusal(cloud, 'POST', 'ports', port, admin);
  assert.deepEqual([refused.status, refused.type], [400, 'HTTPBadRequest']);
  assert.match(refused.message ?? '', /project 'typo' does not exist/);
  assert.equal((await refusal(cloud, 'POST', 'ports', port, nova)).status, 201);
});

test('a port has the address of one interface and a name that resolvers take, a subnet one source of its range', async (t) => {
  const cloud = await startCloud(t, { settings: { external: '' } });
  const { network } = await blueNetwork(cloud);
  const macs = ['00:00:00:00:00:00', 'ff:ff:ff:ff:ff:ff', '01:00:5e:00:00:01', '33:33:00:00:00:01'];
  for (const odd of [...macs.map((mac_address) => ({ mac_address })), { dns_name: '-a' }, { dns_name: 'a-.b' }]) {
    const refused = await refusal(cloud, 'POST', 'ports', { port: { network_id: network.id, ...odd } }, admin);
    assert.equal(refused.status, 400, JSON.stringify(odd));
  }
  const subnet = { network_id: network.id, ip_version: 4, cidr: '10.9.0.0/24', prefixlen: 24 };
  assert.match(
    (await refusal(cloud, 'POST', 'subnets', { subnet }, admin)).message ?? '',
    /cidr and prefixlen must not be supplied together/,
  );
});
