/** What RBAC policies share, with whom, and when that can end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admin, anonymous, type Cloud, type Json, member, nowhere, refusal, startCloud } from './cloud.test.ts';

const red = anonymous;
const idsOf = async (cloud: Cloud, path: string, as: string) => (await cloud.list(path, as)).map(({ id }) => id);
const share = (cloud: Cloud, object_type: string, object_id: unknown, more: Json = {}, as = member) =>
  cloud.make(
    'rbac-policies',
    { rbac_policy: { object_type, object_id, action: 'access_as_shared', target_tenant: 'red', ...more } },
    as,
  );

/** One of each kind that can be shared with one project, of project blue. */
const kinds: readonly [type: string, path: string, body: (serial: number) => Json][] = [
  ['network', 'networks', () => ({ network: {} })],
  ['security_group', 'security-groups', (at) => ({ security_group: { name: `g${at}` } })],
  ['subnetpool', 'subnetpools', (at) => ({ subnetpool: { name: 'p', prefixes: [`10.${at}.0.0/16`] } })],
  ['address_group', 'address-groups', () => ({ address_group: { addresses: ['10.1.0.0/16'] } })],
  ['qos_policy', 'qos/policies', (at) => ({ policy: { name: `q${at}` } })],
  ['address_scope', 'address-scopes', () => ({ address_scope: { name: 's', ip_version: 4 } })],
];

for (const [type, path, body] of kinds)
  test(`a ${type} is seen by its project, and by the projects that an RBAC policy names`, async (t) => {
    const cloud = await startCloud(t);
    const manager = 'blue/manager,member,reader';
    const { id } = await cloud.make(path, body(1), manager);
    const other = await cloud.make(path, body(2), manager);
    assert.deepEqual(await idsOf(cloud, `${path}?id=${id}`, red), []);
    const policy = await share(cloud, type, id);
    assert.deepEqual(await idsOf(cloud, `${path}?id=${id}&id=${other.id}`, red), [id]);
    assert.equal((await cloud.show(`${path}/${id}`, red)).shared, true);
    assert.equal((await cloud.show(`${path}/${id}`)).shared, false, 'not with its own project');
    assert.deepEqual(await idsOf(cloud, `${path}?shared=true&id=${id}`, red), [id]);
    assert.deepEqual(await idsOf(cloud, `${path}?shared=false&id=${id}`, red), []);
    assert.deepEqual(await idsOf(cloud, `${path}?id=${id}`, 'green/member,reader'), []);
    const one = Object.keys(body(1))[0] ?? '';
    const write = await refusal(cloud, 'PUT', `${path}/${id}`, { [one]: { name: 'x' } }, red);
    assert.equal(write.status, 403, 'seen, and not changed');
    assert.equal((await cloud.ask('DELETE', `/v2.0/rbac-policies/${policy.id}`)).status, 204);
    assert.deepEqual(await idsOf(cloud, `${path}?id=${id}`, red), []);
    await share(cloud, type, id);
    assert.equal((await cloud.ask('DELETE', `/v2.0/${path}/${id}`, undefined, manager)).status, 204);
    assert.deepEqual(await idsOf(cloud, 'rbac-policies', member), [], 'policies end with their object');
  });

test('shared and external of a network are RBAC policies with all projects', async (t) => {
  const cloud = await startCloud(t);
  const { id } = await cloud.make('networks', { network: { shared: true, project_id: 'blue' } }, admin);
  const policies = () => cloud.list(`rbac-policies?object_id=${id}`, admin);
  const [policy] = await policies();
  assert.equal(policy?.target_tenant, '*');
  assert.equal(policy?.action, 'access_as_shared');
  const revision = async () => Number((await cloud.show(`networks/${id}`, admin)).revision_number);
  const before = await revision();
  await share(cloud, 'network', id, {}, admin);
  assert.ok((await revision()) > before, 'a policy changes the revision of its network');
  await cloud.ask(
    'DELETE',
    `/v2.0/rbac-policies/${(await cloud.list('rbac-policies?target_tenant=red', admin))[0]?.id}`,
    undefined,
    admin,
  );
  const put = (network: Json) => cloud.ask('PUT', `/v2.0/networks/${id}`, { network }, admin);
  assert.equal((await put({ shared: false })).status, 200);
  assert.deepEqual(await policies(), []);
  assert.equal((await put({ shared: true, 'router:external': true })).status, 200);
  const actions = new Set((await policies()).map(({ action }) => action));
  assert.deepEqual(actions, new Set(['access_as_external', 'access_as_shared']));
  for (const each of await policies()) await cloud.ask('DELETE', `/v2.0/rbac-policies/${each.id}`, undefined, admin);
  const shown = await cloud.show(`networks/${id}`, admin);
  assert.deepEqual([shown.shared, shown['router:external']], [false, false]);
});

test('a network that is external for one project is seen and used as such by that project alone', async (t) => {
  const cloud = await startCloud(t);
  const { id } = await cloud.make('networks', { network: {} }, admin);
  await cloud.make('subnets', { subnet: { network_id: id, ip_version: 4, cidr: '10.8.0.0/24' } }, admin);
  const policy = await share(cloud, 'network', id, { action: 'access_as_external' }, admin);
  assert.equal((await cloud.show(`networks/${id}`, red))['router:external'], true);
  assert.equal((await refusal(cloud, 'GET', `networks/${id}`)).status, 404);
  assert.equal((await cloud.list(`subnets?network_id=${id}`, red)).length, 1);
  const gateway = { router: { external_gateway_info: { network_id: id } } };
  const router = await cloud.make('routers', gateway, red);
  assert.equal((await refusal(cloud, 'POST', 'routers', gateway)).status, 404);
  const used = await refusal(cloud, 'DELETE', `rbac-policies/${policy.id}`, undefined, admin);
  assert.deepEqual([used.status, used.type], [409, 'RbacPolicyInUse']);
  assert.equal((await cloud.ask('DELETE', `/v2.0/routers/${router.id}`, undefined, red)).status, 204);
  assert.equal((await cloud.ask('DELETE', `/v2.0/rbac-policies/${policy.id}`, undefined, admin)).status, 204);
  assert.equal((await refusal(cloud, 'GET', `networks/${id}`, undefined, red)).status, 404);
});

test('sharing does not end while the other project uses the object, unless another policy shares it too', async (t) => {
  const cloud = await startCloud(t);
  const { id } = await cloud.make('networks', { network: {} });
  const policy = await share(cloud, 'network', id);
  const port = await cloud.make('ports', { port: { network_id: id } }, red);
  const used = await refusal(cloud, 'DELETE', `rbac-policies/${policy.id}`);
  assert.deepEqual([used.status, used.type], [409, 'RbacPolicyInUse']);
  const moved = { rbac_policy: { target_tenant: 'green' } };
  assert.equal((await refusal(cloud, 'PUT', `rbac-policies/${policy.id}`, moved)).type, 'RbacPolicyInUse');
  const all = await share(cloud, 'network', id, { target_tenant: '*' }, admin);
  assert.equal((await cloud.ask('DELETE', `/v2.0/rbac-policies/${policy.id}`)).status, 204);
  assert.equal((await refusal(cloud, 'DELETE', `rbac-policies/${all.id}`, undefined, admin)).type, 'RbacPolicyInUse');
  assert.equal((await cloud.ask('DELETE', `/v2.0/ports/${port.id}`, undefined, red)).status, 204);
  assert.equal((await cloud.ask('DELETE', `/v2.0/rbac-policies/${all.id}`, undefined, admin)).status, 204);
});

test('a policy is refused for objects of others, for all projects by a member, twice, and for what cannot be shared so', async (t) => {
  const cloud = await startCloud(t);
  const { id } = await cloud.make('networks', { network: { shared: true } }, admin);
  const { id: own } = await cloud.make('networks', { network: {} });
  const { id: group } = await cloud.make('security-groups', { security_group: { name: 'g' } });
  const base = { object_type: 'network', object_id: own, action: 'access_as_shared', target_tenant: 'red' };
  await cloud.make('rbac-policies', { rbac_policy: base });
  const cases: readonly [Json, number, string][] = [
    [{ object_id: id }, 400, 'InvalidInput'],
    [{ target_tenant: '*' }, 403, 'PolicyNotAuthorized'],
    [{}, 409, 'DuplicateRbacPolicy'],
    [{ object_id: nowhere }, 404, 'NetworkNotFound'],
    [{ object_type: 'security_group', object_id: group, action: 'access_as_external' }, 400, 'InvalidInput'],
  ];
  for (const [more, status, type] of cases) {
    const answer = await refusal(cloud, 'POST', 'rbac-policies', { rbac_policy: { ...base, ...more } });
    assert.deepEqual([answer.status, answer.type], [status, type], JSON.stringify(more));
  }
});

test('a group that is shared can be given to a port of the other project', async (t) => {
  const cloud = await startCloud(t);
  const group = await cloud.make('security-groups', { security_group: { name: 'g' } });
  const { id: network_id } = await cloud.make('networks', { network: {} }, red);
  const port = { port: { network_id, security_groups: [group.id] } };
  assert.equal((await refusal(cloud, 'POST', 'ports', port, red)).status, 404);
  const policy = await share(cloud, 'security_group', group.id);
  const { id } = await cloud.make('ports', port, red);
  assert.equal((await refusal(cloud, 'DELETE', `rbac-policies/${policy.id}`)).type, 'RbacPolicyInUse');
  assert.equal((await cloud.ask('DELETE', `/v2.0/ports/${id}`, undefined, red)).status, 204);
  assert.equal((await cloud.ask('DELETE', `/v2.0/rbac-policies/${policy.id}`)).status, 204);
});

test('a pool is shared with a project that may use its address scope', async (t) => {
  const cloud = await startCloud(t);
  const scope = await cloud.make('address-scopes', { address_scope: { name: 's', ip_version: 4 } });
  const body = { subnetpool: { name: 'p', prefixes: ['10.0.0.0/16'], address_scope_id: scope.id } };
  const pool = await cloud.make('subnetpools', body);
  const policy = { object_type: 'subnetpool', object_id: pool.id, action: 'access_as_shared', target_tenant: 'red' };
  const early = await refusal(cloud, 'POST', 'rbac-policies', { rbac_policy: policy });
  assert.equal(early.status, 400);
  assert.match(String(early.message), /not shared with project red/);
  await share(cloud, 'address_scope', scope.id);
  await share(cloud, 'subnetpool', pool.id);
});
