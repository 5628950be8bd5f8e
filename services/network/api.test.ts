import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admin, anonymous, blueNetwork, nova, nowhere, refusal, startCloud, until } from './cloud.test.ts';

test('a missing resource is a 404 with the error type of its kind', async (t) => {
  const cloud = await startCloud(t);
  const errors = {
    'networks/nosuch': ['NetworkNotFound', 'Network nosuch could not be found.'],
    'subnets/nosuch': ['SubnetNotFound', 'Subnet nosuch could not be found.'],
    'ports/nosuch': ['PortNotFound', 'Port nosuch could not be found.'],
    'routers/nosuch': ['RouterNotFound', 'Router nosuch could not be found'],
    'floatingips/172.24.4.9': ['FloatingIPNotFound', 'Floating IP 172.24.4.9 could not be found'],
    'security-groups/default': ['SecurityGroupNotFound', 'Security group default does not exist'],
    'networks/nosuch/tags': ['TagResourceNotFound', 'Resource networks nosuch could not be found.'],
    'security-group-rules/x': ['SecurityGroupRuleNotFound', 'Security group rule x does not exist'],
  };
  for (const [path, [type, message]] of Object.entries(errors))
    assert.deepEqual(await refusal(cloud, 'GET', path), { status: 404, type, message }, path);
  assert.equal((await cloud.ask('GET', '/v2.0/nothing')).status, 404);
  assert.equal((await cloud.ask('GET', '/v2.0/networks', undefined, '')).status, 401);
});

test('an unknown attribute is a 400 that names it', async (t) => {
  const cloud = await startCloud(t);
  const colour = { network: { name: 'n', colour: 'blue' } };
  assert.deepEqual(await refusal(cloud, 'POST', 'networks', colour), {
    status: 400,
    type: 'HTTPBadRequest',
    message: "Unrecognized attribute(s) 'colour'",
  });
  const lacking = await refusal(cloud, 'POST', 'subnets', { subnet: { cidr: '10.0.0.0/24' } });
  assert.match(lacking.message ?? '', /Required attribute 'network_id' not specified/);
  const badId = await refusal(cloud, 'POST', 'ports', { port: { network_id: 'blue' } });
  assert.equal(badId.message, "Invalid input for network_id. Reason: 'blue' is not a valid UUID.");
  assert.match(
    (await refusal(cloud, 'POST', 'networks', {})).message ?? '',
    /Unable to find 'network' in request body/,
  );
  assert.equal(
    (await refusal(cloud, 'GET', 'networks?colour=blue')).message,
    "['colour'] is invalid attribute for filtering",
  );
});

test('a member may not use admin attributes, nor see them', async (t) => {
  const cloud = await startCloud(t);
  const shared = await refusal(cloud, 'POST', 'networks', { network: { shared: true } });
  assert.deepEqual([shared.status, shared.type], [403, 'PolicyNotAuthorized']);
  const plain = await cloud.make('networks', { network: { name: 'n', shared: false } });
  assert.equal('provider:network_type' in plain, false);
  assert.equal((await cloud.show(`networks/${plain.id}`, admin))['provider:network_type'], 'vxlan');
  assert.equal((await refusal(cloud, 'GET', `networks/${plain.id}`, undefined, anonymous)).status, 404);
  assert.equal((await refusal(cloud, 'DELETE', `networks/${plain.id}`, undefined, anonymous)).status, 404);
  const port = await cloud.make('ports', { port: { network_id: plain.id } });
  assert.equal('binding:host_id' in port, false);
  const bind = { port: { 'binding:host_id': 'kvm-1' } };
  assert.equal((await refusal(cloud, 'PUT', `ports/${port.id}`, bind)).status, 403);
  const reading = 'blue/reader';
  assert.equal((await refusal(cloud, 'POST', 'networks', { network: {} }, reading)).status, 403);
  assert.equal((await refusal(cloud, 'POST', 'ports', { port: { network_id: plain.id } }, reading)).status, 403);
});

test('other projects may use a shared network but not change it', async (t) => {
  const cloud = await startCloud(t);
  const shared = await cloud.make('networks', { network: { name: 's', shared: true } }, admin);
  await cloud.make('subnets', { subnet: { network_id: shared.id, cidr: '10.1.0.0/24', ip_version: 4 } }, admin);
  const port = await cloud.make('ports', { port: { network_id: shared.id } });
  assert.equal((port.fixed_ips as unknown[]).length, 1);
  assert.equal((await refusal(cloud, 'PUT', `networks/${shared.id}`, { network: { name: 'mine' } })).status, 403);
  const asked = { port: { network_id: shared.id, fixed_ips: [{ ip_address: '10.1.0.9' }] } };
  assert.equal((await refusal(cloud, 'POST', 'ports', asked)).status, 403);
});

test('an address is allocated to one port only', async (t) => {
  const cloud = await startCloud(t);
  const { network, subnet } = await blueNetwork(cloud, '10.7.0.0/29');
  const asked = { port: { network_id: network.id, fixed_ips: [{ ip_address: '10.7.0.4' }] } };
  await cloud.make('ports', asked);
  assert.deepEqual(await refusal(cloud, 'POST', 'ports', asked), {
    status: 409,
    type: 'IpAddressAlreadyAllocated',
    message: `IP address 10.7.0.4 already allocated in subnet ${subnet.id}`,
  });
  const plain = { port: { network_id: network.id } };
  const made = await Promise.allSettled(Array.from({ length: 3 }, () => cloud.make('ports', plain)));
  assert.equal(made.filter(({ status }) => status === 'fulfilled').length, 3);
  // five usable: one for DHCP, four for guests
  assert.equal((await refusal(cloud, 'POST', 'ports', plain)).type, 'IpAddressGenerationFailure');
  const outside = { port: { network_id: network.id, fixed_ips: [{ ip_address: '10.8.0.4' }] } };
  assert.equal((await refusal(cloud, 'POST', 'ports', outside)).type, 'InvalidIpForNetwork');
});

test('subnets of a network must not overlap, and pools must be inside their subnet', async (t) => {
  const cloud = await startCloud(t);
  const { network } = await blueNetwork(cloud);
  const subnet = (more: object) => ({
    subnet: { network_id: network.id, cidr: '10.8.0.0/24', ip_version: 4, ...more },
  });
  const type = async (more: object) => (await refusal(cloud, 'POST', 'subnets', subnet(more))).type;
  assert.equal(await type({ cidr: '10.7.0.128/25' }), 'InvalidInput');
  assert.equal(await type({ cidr: 'blue' }), 'HTTPBadRequest');
  assert.equal(await type({ allocation_pools: [{ start: '10.9.0.2', end: '10.9.0.3' }] }), 'OutOfBoundsAllocationPool');
  const around = [{ start: '10.8.0.1', end: '10.8.0.9' }];
  assert.equal(await type({ allocation_pools: around }), 'GatewayConflictWithAllocationPools');
  const twice = [
    { start: '10.8.0.2', end: '10.8.0.9' },
    { start: '10.8.0.9', end: '10.8.0.20' },
  ];
  assert.equal(await type({ allocation_pools: twice }), 'OverlappingAllocationPools');
  const made = await cloud.make('subnets', subnet({ gateway_ip: null, enable_dhcp: false }));
  assert.deepEqual([made.gateway_ip, made.allocation_pools], [null, [{ start: '10.8.0.1', end: '10.8.0.254' }]]);
});

test('a resource in use cannot be deleted', async (t) => {
  const cloud = await startCloud(t);
  const { network, subnet } = await blueNetwork(cloud);
  const port = await cloud.make('ports', { port: { network_id: network.id } });
  const type = async (path: string) => (await refusal(cloud, 'DELETE', path)).type;
  assert.equal(await type(`networks/${network.id}`), 'NetworkInUse');
  assert.equal(await type(`subnets/${subnet.id}`), 'SubnetInUse');
  const [group] = port.security_groups as string[];
  assert.equal(await type(`security-groups/${group}`), 'SecurityGroupCannotRemoveDefault');
  const router = await cloud.make('routers', { router: {} });
  const routerInterface = await cloud.ask('PUT', `/v2.0/routers/${router.id}/add_router_interface`, {
    subnet_id: subnet.id,
  });
  assert.equal(await type(`routers/${router.id}`), 'RouterInUse');
  assert.equal(await type(`ports/${routerInterface.body.port_id}`), 'ServicePortInUse');
  const again = await refusal(cloud, 'PUT', `routers/${router.id}/add_router_interface`, { subnet_id: subnet.id });
  assert.equal(again.message, `Bad router request: Router already has a port on subnet ${subnet.id}.`);
});

test('a project gets a default group with its first request, and the service project never', async (t) => {
  const cloud = await startCloud(t);
  await cloud.list('networks', nova);
  await cloud.list('networks');
  const groups = await cloud.list('security-groups', admin);
  assert.deepEqual(new Set(groups.map(({ project_id }) => project_id)), new Set(['admin', 'blue']));
  assert.equal(groups.length, 2);
  const [own] = await cloud.list('security-groups?name=default');
  const rules = own?.security_group_rules as { direction: string; remote_group_id: string | null }[];
  assert.equal(rules.filter(({ direction }) => direction === 'egress').length, 2);
  assert.equal(rules.length, 4);
  assert.ok(
    rules.every(({ direction, remote_group_id }) => (direction === 'ingress') === (remote_group_id === own?.id)),
  );
  assert.equal((await refusal(cloud, 'POST', 'security-groups', { security_group: { name: 'default' } })).status, 409);
});

test('a duplicate rule is a 409 that names the first', async (t) => {
  const cloud = await startCloud(t);
  const group = await cloud.make('security-groups', { security_group: { name: 'web' } });
  const rule = { security_group_id: group.id, direction: 'ingress', ethertype: 'IPv4', protocol: 'tcp' };
  const ssh = {
    security_group_rule: { ...rule, port_range_min: 22, port_range_max: 22, remote_ip_prefix: '0.0.0.0/0' },
  };
  const { id } = await cloud.make('security-group-rules', ssh);
  assert.deepEqual(await refusal(cloud, 'POST', 'security-group-rules', ssh), {
    status: 409,
    type: 'SecurityGroupRuleExists',
    message: `Security group rule already exists. Rule id is ${id}.`,
  });
  const type = async (more: object) =>
    (await refusal(cloud, 'POST', 'security-group-rules', { security_group_rule: { ...rule, ...more } })).type;
  assert.equal(await type({ port_range_min: 9, port_range_max: 8 }), 'SecurityGroupInvalidPortRange');
  assert.equal(await type({ protocol: 'nosuch' }), 'SecurityGroupRuleInvalidProtocol');
  assert.equal(
    await type({ protocol: null, port_range_min: 1, port_range_max: 2 }),
    'SecurityGroupProtocolRequiredWithPorts',
  );
  assert.equal(await type({ remote_ip_prefix: 'fd00::/8' }), 'SecurityGroupRuleParameterConflict');
  assert.equal(await type({ remote_group_id: nowhere }), 'SecurityGroupNotFound');
});

test('an exceeded quota is a 409 that names it', async (t) => {
  const cloud = await startCloud(t);
  const limits = { quota: { network: 1, port: '2' } };
  assert.equal((await cloud.ask('PUT', '/v2.0/quotas/blue', limits, admin)).status, 200);
  assert.equal((await cloud.show('quotas/blue')).network, 1);
  await cloud.make('networks', { network: {} });
  assert.deepEqual(await refusal(cloud, 'POST', 'networks', { network: {} }), {
    status: 409,
    type: 'OverQuota',
    message: "Quota exceeded for resources: ['network'].",
  });
  assert.equal((await refusal(cloud, 'PUT', 'quotas/blue', limits)).status, 403);
  await cloud.ask('DELETE', '/v2.0/quotas/blue', undefined, admin);
  assert.equal((await cloud.show('quotas/blue/default')).network, 100);
  assert.deepEqual((await cloud.show('quotas/blue/details')).network, { limit: 100, used: 1, reserved: 0 });
});

test('lists have filters, sorting, pages and fields', async (t) => {
  const cloud = await startCloud(t, { settings: { external: '' } });
  for (const name of ['c', 'a', 'b']) await cloud.make('networks', { network: { name } });
  const names = async (query: string) => (await cloud.list(`networks?${query}`)).map(({ name }) => name);
  assert.deepEqual(await names('name=a&name=b&sort_key=name&sort_dir=desc'), ['b', 'a']);
  assert.deepEqual(await names('admin_state_up=False'), []);
  const first = await cloud.ask('GET', '/v2.0/networks?limit=2&sort_key=name&sort_dir=asc');
  const [next] = first.body.networks_links as { rel: string; href: string }[];
  assert.equal(next?.rel, 'next');
  assert.ok(next?.href.startsWith(`${cloud.url}/v2.0/networks?`));
  const rest = await cloud.ask('GET', next?.href.slice(cloud.url.length) ?? '');
  assert.deepEqual(
    (rest.body.networks as { name: string }[]).map(({ name }) => name),
    ['c'],
  );
  const [one] = await cloud.list("networks?name=a&fields=['id', 'name']");
  assert.deepEqual(new Set(Object.keys(one ?? {})), new Set(['id', 'name']));
  const { network } = await blueNetwork(cloud);
  const port = await cloud.make('ports', {
    port: { network_id: network.id, fixed_ips: [{ ip_address: '10.7.0.77' }] },
  });
  const found = async (query: string) => (await cloud.list(`ports?${query}`)).map(({ id }) => id);
  assert.deepEqual(await found('fixed_ips=ip_address=10.7.0.77'), [port.id]);
  assert.deepEqual(await found('fixed_ips=ip_address_substr=0.77'), [port.id]);
  assert.deepEqual(await found('fixed_ips=ip_address=10.7.0.78'), []);
});

test('resources are filtered by tags', async (t) => {
  const cloud = await startCloud(t, { settings: { external: '' } });
  const { id } = await cloud.make('networks', { network: { name: 'n' } });
  await cloud.make('networks', { network: { name: 'm' } });
  assert.equal((await cloud.ask('PUT', `/v2.0/networks/${id}/tags`, { tags: ['red', 'blue'] })).status, 200);
  assert.equal((await cloud.ask('PUT', `/v2.0/networks/${id}/tags/green`)).status, 201);
  assert.equal((await cloud.ask('DELETE', `/v2.0/networks/${id}/tags/red`)).status, 204);
  assert.deepEqual((await cloud.show(`networks/${id}`)).tags, ['blue', 'green']);
  const names = async (query: string) => (await cloud.list(`networks?${query}`)).map(({ name }) => name);
  assert.deepEqual(await names('tags=blue,green'), ['n']);
  assert.deepEqual(await names('tags=blue,red'), []);
  assert.deepEqual(await names('tags-any=blue,red'), ['n']);
  assert.deepEqual(await names('not-tags=blue'), ['m']);
  assert.equal((await refusal(cloud, 'GET', `networks/${id}/tags/red`)).type, 'TagNotFound');
});

test('a bulk create is atomic', async (t) => {
  const cloud = await startCloud(t, { settings: { external: '' } });
  const made = await cloud.ask('POST', '/v2.0/networks', { networks: [{ name: 'a' }, { name: 'b' }] });
  assert.equal((made.body.networks as unknown[]).length, 2);
  const ports = [{ network_id: (made.body.networks as { id: string }[])[0]?.id }, { network_id: nowhere }];
  assert.equal((await refusal(cloud, 'POST', 'ports', { ports })).type, 'NetworkNotFound');
  assert.deepEqual(await cloud.list('ports'), []);
});

test('a floating IP needs a router between both networks', async (t) => {
  const cloud = await startCloud(t);
  await until(async () => (await cloud.list('networks?name=public')).length === 1);
  const [outside] = await cloud.list('networks?name=public');
  const { network, subnet } = await blueNetwork(cloud);
  const port = await cloud.make('ports', { port: { network_id: network.id } });
  const input = { floatingip: { floating_network_id: outside?.id, port_id: port.id } };
  const unreachable = await refusal(cloud, 'POST', 'floatingips', input);
  assert.deepEqual([unreachable.status, unreachable.type], [404, 'ExternalGatewayForFloatingIPNotFound']);
  const inside = await refusal(cloud, 'POST', 'floatingips', { floatingip: { floating_network_id: network.id } });
  assert.equal(inside.message, `Bad floatingip request: Network ${network.id} is not a valid external network.`);
  const router = { external_gateway_info: { network_id: outside?.id } };
  const { id } = await cloud.make('routers', { router });
  await cloud.ask('PUT', `/v2.0/routers/${id}/add_router_interface`, { subnet_id: subnet.id });
  const fip = await cloud.make('floatingips', input);
  assert.equal(fip.router_id, id);
  assert.equal((fip.port_details as { network_id: string }).network_id, network.id);
  assert.equal((await refusal(cloud, 'POST', 'floatingips', input)).type, 'FloatingIPPortAlreadyAssociated');
  const cleared = await refusal(cloud, 'PUT', `routers/${id}`, { router: { external_gateway_info: null } });
  assert.equal(cleared.type, 'RouterExternalGatewayInUseByFloatingIp');
  await cloud.ask('DELETE', `/v2.0/ports/${port.id}`);
  assert.equal((await cloud.show(`floatingips/${fip.id}`)).port_id, null);
});

test('versions, extensions, agents and zones are listed', async (t) => {
  const cloud = await startCloud(t);
  cloud.startHost('kvm-1');
  await cloud.hostIsKnown('kvm-1');
  const { body } = await cloud.ask('GET', '/');
  const versions = body.versions as { id: string; links: { href: string }[] }[];
  assert.deepEqual([versions[0]?.id, versions[0]?.links[0]?.href], ['v2.0', `${cloud.url}/v2.0/`]);
  assert.equal((await cloud.ask('GET', '/v2.0/')).status, 200);
  const aliases = (await cloud.list('extensions')).map(({ alias }) => alias);
  assert.ok(aliases.includes('router') && !aliases.includes('trunk'));
  assert.equal((await cloud.ask('GET', '/v2.0/extensions/trunk')).status, 404);
  const [agent] = await cloud.list('agents', admin);
  assert.deepEqual([agent?.host, agent?.alive], ['kvm-1', true]);
  assert.deepEqual(
    (await cloud.list('availability_zones')).map(({ name }) => name),
    ['nova', 'nova'],
  );
  const { network } = await blueNetwork(cloud);
  const left = await cloud.show(`network-ip-availabilities/${network.id}`, admin);
  assert.deepEqual([left.total_ips, left.used_ips], [70, 1]);
  await cloud.ask('PUT', '/v2.0/quotas/blue', { quota: { port: 7 } }, admin);
  const looks = ['quotas', 'quotas/blue', 'quotas/blue/default', 'quotas/blue/details', 'network-ip-availabilities'];
  for (const look of [...looks, `agents/${agent?.id}`, 'extensions/router', `networks/${network.id}/tags`])
    assert.equal((await cloud.ask('GET', `/v2.0/${look}`, undefined, admin)).status, 200, look);
});
