import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startCloud, until } from '../../../test/fakes/compute-cloud.ts';

process.env.WATTLE_CHECK_ANSWERS = '1';

async function cloudWithHosts(t: Parameters<typeof startCloud>[0], ...names: readonly string[]) {
  const cloud = await startCloud(t, { config: { serverGroups: 2, serverGroupMembers: 3 } });
  for (const name of names) cloud.startHost({}, name, { address: `10.0.0.${names.indexOf(name) + 1}` });
  await until(() => cloud.placement.providers.size === names.length);
  const group = async (body: object, version = '2.64') =>
    cloud.ask('POST', '/v2.1/os-server-groups', { version, body: { server_group: { name: 'g', ...body } } });
  const launch = (hints: object, more: object = {}) =>
    cloud.launch({}, { body: { server: serverOf(more), 'os:scheduler_hints': hints } });
  const serverOf = (more: object) => ({
    name: 'web',
    flavorRef: '42',
    imageRef: [...cloud.images.all.keys()][0],
    networks: 'none',
    ...more,
  });
  const ended = async (hints: object) => {
    const { status, body } = await launch(hints);
    assert.equal(status, 202, JSON.stringify(body));
    return cloud.ended(body.server.id);
  };
  return { cloud, group, launch, ended };
}

test('a server group has one policy, its members, and the shape of each version', async (t) => {
  const { cloud, group, ended } = await cloudWithHosts(t, 'kvm1');
  const old = await group({ policies: ['affinity'] }, '2.1');
  assert.deepEqual(old.body.server_group, {
    ...old.body.server_group,
    policies: ['affinity'],
    members: [],
    metadata: {},
  });
  const made = (await group({ policy: 'anti-affinity', rules: { max_server_per_host: 2 } })).body.server_group;
  assert.deepEqual([made.policy, made.rules, made.policies], ['anti-affinity', { max_server_per_host: 2 }, undefined]);
  assert.equal((await group({ policy: 'affinity' })).status, 403, 'the quota is two');
  const { id, server_groups } = await ended({ group: made.id });
  assert.deepEqual(server_groups, [made.id]);
  const show = (role = 'member,reader', project?: string) =>
    cloud.ask('GET', `/v2.1/os-server-groups/${made.id}`, { version: '2.64', role, ...(project ? { project } : {}) });
  assert.deepEqual((await show()).body.server_group.members, [id]);
  assert.equal((await show('member,reader', 'another')).status, 404);
  const { absolute } = (await cloud.ask('GET', '/v2.1/limits')).body.limits;
  assert.equal(absolute.totalServerGroupsUsed, 2);
  assert.equal((await cloud.ask('DELETE', `/v2.1/os-server-groups/${made.id}`)).status, 204);
  assert.deepEqual((await cloud.show(id)).server_groups, []);
  const { body } = await cloud.ask('GET', '/v2.1/os-server-groups?all_projects=1', { role: 'member' });
  assert.equal(body.forbidden.code, 403);
});

test('rules belong to anti-affinity, soft policies to 2.15, and a group of another project is no group', async (t) => {
  const { group, launch, cloud } = await cloudWithHosts(t, 'kvm1');
  assert.equal((await group({ policy: 'affinity', rules: { max_server_per_host: 2 } })).status, 400);
  assert.equal((await group({ policies: ['soft-affinity'] }, '2.14')).status, 400);
  assert.equal((await group({ policies: ['affinity', 'anti-affinity'] }, '2.15')).status, 400);
  const { id } = (await group({ policy: 'soft-affinity' })).body.server_group;
  assert.equal((await launch({ group: id }, { min_count: 4, max_count: 4 })).status, 403, 'three members are allowed');
  const hints = { 'os:scheduler_hints': { group: id } };
  const server = { name: 'x', flavorRef: '42', imageRef: [...cloud.images.all.keys()][0], networks: 'none' };
  const other = await cloud.ask('POST', '/v2.1/servers', { version: '2.93', project: 'b', body: { server, ...hints } });
  assert.equal(other.status, 400);
});

test('affinity keeps servers on one host, anti-affinity on different ones, and the refusal says why', async (t) => {
  const { group, ended } = await cloudWithHosts(t, 'kvm1', 'kvm2');
  const near = (await group({ policy: 'affinity' })).body.server_group.id;
  const first = await ended({ group: near });
  for (const _ of [1, 2])
    assert.equal((await ended({ group: near }))['OS-EXT-SRV-ATTR:host'], first['OS-EXT-SRV-ATTR:host']);
  const apart = (await group({ policy: 'anti-affinity' })).body.server_group.id;
  const hosts = [await ended({ group: apart }), await ended({ group: apart })];
  assert.equal(new Set(hosts.map((server) => server['OS-EXT-SRV-ATTR:host'])).size, 2);
  const third = await ended({ group: apart });
  assert.equal(third.status, 'ERROR');
  assert.match(third.fault.message, /2 with too many servers of the group/);
});

test('servers of an anti-affinity group that are launched together are never on one host', async (t) => {
  const { cloud, group, launch } = await cloudWithHosts(t, 'kvm1', 'kvm2', 'kvm3');
  const { id } = (await group({ policy: 'anti-affinity' })).body.server_group;
  assert.equal((await launch({ group: id }, { min_count: 3, max_count: 3 })).status, 202);
  const servers = async () => (await cloud.ask('GET', '/v2.1/servers/detail')).body.servers;
  type Shown = { readonly status: string; readonly 'OS-EXT-SRV-ATTR:host': string };
  await until(async () => (await servers()).every(({ status }: Shown) => status !== 'BUILD'));
  const hosts = (await servers()).map((each: Shown) => each['OS-EXT-SRV-ATTR:host']);
  assert.equal(new Set(hosts).size, 3);
});

test('soft policies prefer a host and give way', async (t) => {
  const { group, ended } = await cloudWithHosts(t, 'kvm1', 'kvm2');
  const apart = (await group({ policy: 'soft-anti-affinity' })).body.server_group.id;
  const hosts = [await ended({ group: apart }), await ended({ group: apart }), await ended({ group: apart })];
  assert.deepEqual(
    hosts.map(({ status }) => status),
    ['ACTIVE', 'ACTIVE', 'ACTIVE'],
  );
  assert.equal(new Set(hosts.map((server) => server['OS-EXT-SRV-ATTR:host'])).size, 2);
});

test('hints choose a host by a query or by an address, and what cannot be followed is refused', async (t) => {
  const { launch, ended } = await cloudWithHosts(t, 'kvm1', 'kvm2');
  const host = async (hints: object) => (await ended(hints))['OS-EXT-SRV-ATTR:host'];
  assert.equal(await host({ query: '["and", ["=", "$host", "kvm2"], [">=", "$free_ram_mb", 1]]' }), 'kvm2');
  assert.equal(await host({ build_near_host_ip: '10.0.0.1', cidr: '/32' }), 'kvm1');
  for (const hints of [
    { query: '["=", "$unknown", 1]' },
    { query: '["eval", 1]' },
    { query: 'no json' },
    { build_near_host_ip: '10.0.0.1', cidr: '/99' },
    { target_cell: 'c' },
  ])
    assert.equal((await launch(hints)).status, 400, JSON.stringify(hints));
  const nowhere = await ended({ query: '["<", "$vcpus_total", 1]' });
  assert.match(nowhere.fault.message, /2 not meeting the query/);
});
