import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admin, type Cloud, refusal, startCloud } from './cloud.test.ts';

const green = 'green/member,reader';
const scopeOf = (cloud: Cloud, more: object = {}, token?: string) =>
  cloud.make('address-scopes', { address_scope: { name: 's', ip_version: 4, ...more } }, token);
const poolIn = (scopeId: string, prefix: string) => ({
  subnetpool: { name: 'p', prefixes: [prefix], default_prefixlen: 24, address_scope_id: scopeId },
});

test('an address scope has a name, a version, and no attributes that Neutron does not show', async (t) => {
  const cloud = await startCloud(t);
  const scope = await scopeOf(cloud);
  assert.deepEqual(Object.keys(scope).sort(byText), ['id', 'ip_version', 'name', 'project_id', 'shared', 'tenant_id']);
  const renamed = await cloud.ask('PUT', `/v2.0/address-scopes/${scope.id}`, { address_scope: { name: 't' } });
  assert.equal((renamed.body.address_scope as { name: string }).name, 't');
  assert.equal((await cloud.list('address-scopes?ip_version=4&name=t')).length, 1);
  assert.equal((await cloud.list('address-scopes', green)).length, 0);
  assert.equal(
    (await refusal(cloud, 'GET', `address-scopes/${scope.id}`, undefined, green)).type,
    'AddressScopeNotFound',
  );
  assert.equal((await cloud.ask('GET', '/v2.0/extensions/address-scope')).status, 200);
  assert.equal((await cloud.ask('DELETE', `/v2.0/address-scopes/${scope.id}`)).status, 204);
});

const byText = (one: string, other: string) => (one < other ? -1 : 1);

test('the pools of an address scope have its version, and no address twice', async (t) => {
  const cloud = await startCloud(t);
  const { id } = await scopeOf(cloud);
  const { id: poolId } = await cloud.make('subnetpools', poolIn(id, '10.0.0.0/16'));
  const type = async (method: string, path: string, body?: object) =>
    (await refusal(cloud, method, path, body as never)).type;
  assert.equal(await type('POST', 'subnetpools', poolIn(id, '10.0.8.0/21')), 'AddressScopePrefixConflict');
  const v6 = 'IllegalSubnetPoolIpVersionAssociationToAddressScope';
  assert.equal(
    await type('POST', 'subnetpools', { subnetpool: { name: 'p', prefixes: ['fd00::/48'], address_scope_id: id } }),
    v6,
  );
  const other = await cloud.make('subnetpools', poolIn(id, '10.1.0.0/16'));
  const grown = { subnetpool: { prefixes: ['10.1.0.0/16', '10.0.0.0/16'] } };
  assert.equal(await type('PUT', `subnetpools/${other.id}`, grown), 'AddressScopePrefixConflict');
  assert.equal(await type('DELETE', `address-scopes/${id}`), 'AddressScopeInUse');
  assert.equal((await cloud.list(`subnetpools?address_scope_id=${id}`)).length, 2);
  await cloud.ask('PUT', `/v2.0/subnetpools/${poolId}`, { subnetpool: { address_scope_id: null } });
  assert.equal((await cloud.list(`subnetpools?address_scope_id=${id}`)).length, 1);
});

test('a shared address scope has pools of other projects, which only admins change then; it stays shared', async (t) => {
  const cloud = await startCloud(t);
  const shared = await scopeOf(cloud, { shared: true }, admin);
  const own = await scopeOf(cloud);
  assert.equal(
    (await refusal(cloud, 'POST', 'subnetpools', poolIn(own.id, '10.0.0.0/16'), green)).type,
    'AddressScopeNotFound',
  );
  const pool = await cloud.make('subnetpools', poolIn(shared.id, '10.0.0.0/16'), green);
  const renamed = { subnetpool: { name: 'q' } };
  assert.equal((await refusal(cloud, 'PUT', `subnetpools/${pool.id}`, renamed, green)).type, 'IllegalSubnetPoolUpdate');
  assert.equal((await cloud.ask('PUT', `/v2.0/subnetpools/${pool.id}`, renamed, admin)).status, 200);
  const unshared = { address_scope: { shared: false } };
  assert.equal(
    (await refusal(cloud, 'PUT', `address-scopes/${shared.id}`, unshared, admin)).type,
    'AddressScopeUpdateError',
  );
});

test('a network has subnets of one address scope, and shows it', async (t) => {
  const cloud = await startCloud(t);
  const [one, two] = [await scopeOf(cloud), await scopeOf(cloud)];
  const first = await cloud.make('subnetpools', poolIn(one.id, '10.0.0.0/16'));
  const second = await cloud.make('subnetpools', poolIn(two.id, '10.1.0.0/16'));
  const network = await cloud.make('networks', { network: {} });
  const subnet = (subnetpool_id: string) => ({ subnet: { network_id: network.id, ip_version: 4, subnetpool_id } });
  assert.equal(network.ipv4_address_scope, null);
  await cloud.make('subnets', subnet(first.id));
  const shown = await cloud.show(`networks/${network.id}`);
  assert.deepEqual([shown.ipv4_address_scope, shown.ipv6_address_scope], [one.id, null]);
  assert.equal((await refusal(cloud, 'POST', 'subnets', subnet(second.id))).type, 'NetworkAddressScopeAffinityError');
  const sibling = await cloud.make('subnetpools', poolIn(one.id, '10.2.0.0/16'));
  await cloud.make('subnets', subnet(sibling.id));
  const moved = { subnetpool: { address_scope_id: two.id } };
  assert.equal(
    (await refusal(cloud, 'PUT', `subnetpools/${first.id}`, moved)).type,
    'NetworkAddressScopeAffinityError',
  );
});

test('subnets from pools without an address scope are of one pool in each network and IP version', async (t) => {
  const cloud = await startCloud(t);
  const poolOf = async (prefix: string) =>
    (await cloud.make('subnetpools', { subnetpool: { name: 'p', prefixes: [prefix], default_prefixlen: 64 } })).id;
  const first = await cloud.make('subnetpools', { subnetpool: { name: 'p', prefixes: ['10.0.0.0/16'] } });
  const second = await cloud.make('subnetpools', { subnetpool: { name: 'p', prefixes: ['10.1.0.0/16'] } });
  const scoped = await cloud.make('subnetpools', poolIn((await scopeOf(cloud)).id, '10.2.0.0/16'));
  const { id: network_id } = await cloud.make('networks', { network: {} });
  const from = (subnetpool_id: string, ip_version = 4) => ({
    subnet: { network_id, ip_version, subnetpool_id, ...(ip_version === 4 ? { prefixlen: 24 } : {}) },
  });
  await cloud.make('subnets', from(first.id));
  await cloud.make('subnets', from(first.id));
  for (const other of [second, scoped])
    assert.deepEqual(await refusal(cloud, 'POST', 'subnets', from(other.id)), {
      status: 400,
      type: 'NetworkSubnetPoolAffinityError',
      message: 'Subnets hosted on the same network must be allocated from the same subnet pool.',
    });
  await cloud.make('subnets', from(await poolOf('fd00:9::/48'), 6));
  // A subnet without a pool may come after others, and no pool after it on its network.
  await cloud.make('subnets', { subnet: { network_id, ip_version: 4, cidr: '10.9.0.0/24' } });
  assert.equal((await refusal(cloud, 'POST', 'subnets', from(first.id))).type, 'NetworkSubnetPoolAffinityError');
});
