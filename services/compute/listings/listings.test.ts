import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imageId, projectId, startCloud, until } from '../../../test/fakes/compute-cloud.ts';

process.env.WATTLE_CHECK_ANSWERS = '1';

type Cloud = Awaited<ReturnType<typeof startCloud>>;

async function cloudWith(t: Parameters<typeof startCloud>[0], names: readonly string[]): Promise<Cloud> {
  const cloud = await startCloud(t);
  for (const name of names) await cloud.launch({ name, tags: [name, 'all'] });
  await until(async () => (await cloud.openTasks()) === 0);
  return cloud;
}

const names = async (cloud: Cloud, query: string, asked: object = {}) => {
  const { status, body } = await cloud.ask('GET', `/v2.1/servers/detail?${query}`, { version: '2.93', ...asked });
  return status === 200 ? body.servers.map(({ name }: { name: string }) => name) : status;
};

test('a list is newest first, and its name filter is a pattern', async (t) => {
  const cloud = await cloudWith(t, ['web', 'web2', 'db']);
  assert.deepEqual(await names(cloud, ''), ['db', 'web2', 'web']);
  assert.deepEqual(await names(cloud, 'name=web'), ['web2', 'web']);
  assert.deepEqual(await names(cloud, 'name=%5Eweb%24'), ['web']);
  assert.deepEqual(await names(cloud, 'name=w.b2'), ['web2']);
  assert.deepEqual(await names(cloud, `name=${encodeURIComponent('^[a-z]+[0-9]$')}`), ['web2']);
  assert.deepEqual(await names(cloud, `name=${encodeURIComponent('(b2|^d.$)')}&limit=1`), ['db']);
  assert.equal(await names(cloud, `name=${encodeURIComponent('(b2')}`), 400);
  assert.deepEqual(await names(cloud, 'name=None&status=None&deleted=False&changes-since=None'), ['db', 'web2', 'web']);
});

test('sorted, in pages, each with a link to the next', async (t) => {
  const cloud = await cloudWith(t, ['c', 'a', 'b']);
  assert.deepEqual(await names(cloud, 'sort_key=display_name&sort_dir=asc'), ['a', 'b', 'c']);
  const first = await cloud.ask('GET', '/v2.1/servers?limit=2&sort_key=display_name&sort_dir=asc');
  const [{ href }] = first.body.servers_links;
  const second = await cloud.ask('GET', href.replace(cloud.url, ''));
  assert.deepEqual(
    second.body.servers.map(({ name }: { name: string }) => name),
    ['c'],
  );
  assert.equal(second.body.servers_links, undefined);
  assert.equal((await cloud.ask('GET', '/v2.1/servers?marker=nosuch')).status, 400);
});

test('filtered by status, tags, and what changed', async (t) => {
  const cloud = await cloudWith(t, ['a', 'b']);
  assert.deepEqual(await names(cloud, 'status=error'), ['b', 'a']);
  assert.deepEqual(await names(cloud, 'status=ACTIVE'), []);
  assert.equal(await names(cloud, 'status=nonsense'), 400);
  assert.deepEqual(await names(cloud, 'tags=a,all'), ['a']);
  assert.deepEqual(await names(cloud, 'tags-any=a,b'), ['b', 'a']);
  assert.deepEqual(await names(cloud, 'not-tags=a,all'), ['b']);
  assert.deepEqual(await names(cloud, 'not-tags-any=b'), ['a']);
  assert.deepEqual(await names(cloud, 'changes-since=2100-01-01T00:00:00Z'), []);
  assert.equal(await names(cloud, 'changes-since=yesterday'), 400);
});

test('filtered by each other attribute of a server, and by nothing that is none', async (t) => {
  const cloud = await cloudWith(t, ['a']);
  const [server] = (await cloud.ask('GET', '/v2.1/servers/detail', { version: '2.93' })).body.servers;
  const found: Record<string, readonly [string, string]> = {
    power_state: ['0', '4'],
    progress: ['0', '50'],
    created_at: [server.created, '2001-01-01T00:00:00Z'],
    config_drive: ['False', 'True'],
    vm_state: ['error', 'active'],
    launch_index: ['0', '3'],
    image_ref: [imageId, projectId],
    user_id: [server.user_id, projectId],
    kernel_id: ['', 'x'],
    display_name: ['a', 'b'],
  };
  for (const [name, [own, other]] of Object.entries(found)) {
    assert.deepEqual(await names(cloud, `${name}=${own}`), ['a'], name);
    assert.deepEqual(await names(cloud, `${name}=${other}`), [], name);
  }
  for (const name of ['launched_at', 'terminated_at', 'access_ip_v4', 'access_ip_v6', 'locked_by', 'key_name', 'host'])
    assert.deepEqual(await names(cloud, `${name}=2001-01-01T00:00:00Z`), [], name);
  assert.deepEqual(await names(cloud, 'launch_index=3', { role: 'member,reader' }), ['a'], 'it is not for members');
});

test('changes-since shows what was deleted meanwhile', async (t) => {
  const cloud = await cloudWith(t, ['a', 'b']);
  const { body } = await cloud.ask('GET', '/v2.1/servers?name=a');
  const [{ id }] = body.servers;
  await cloud.ask('DELETE', `/v2.1/servers/${id}`);
  await cloud.isGone(id);
  assert.deepEqual(await names(cloud, ''), ['b']);
  const since = await cloud.ask('GET', '/v2.1/servers/detail?changes-since=2020-01-01T00:00:00Z', { version: '2.93' });
  const gone = since.body.servers.find((each: { id: string }) => each.id === id);
  assert.equal(gone.status, 'DELETED');
});

test('only administrators list other projects', async (t) => {
  const cloud = await cloudWith(t, ['a']);
  const member = { role: 'member,reader', project: 'other' };
  assert.deepEqual(await names(cloud, '', member), []);
  assert.equal(await names(cloud, 'all_tenants=1', member), 403);
  assert.deepEqual(await names(cloud, 'all_tenants=1', { project: 'other' }), ['a']);
});

test('a cached fragment is rendered again when its server changed', async (t) => {
  const cloud = await cloudWith(t, ['a']);
  assert.deepEqual(await names(cloud, ''), ['a']);
  const { body } = await cloud.ask('GET', '/v2.1/servers');
  const path = `/v2.1/servers/${body.servers[0].id}`;
  assert.equal((await cloud.ask('PUT', path, { body: { server: { name: 'z' } } })).status, 200);
  assert.deepEqual(await names(cloud, ''), ['z']);
});
