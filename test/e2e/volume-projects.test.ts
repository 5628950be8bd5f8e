/** The project in the path, over all routes. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { routes } from '../../services/volume/routes.ts';
import { attach, projectId, startVolumes, until, type VolumeCloud, waitForHosts } from './volume-cloud.ts';

const other = '0123456789abcdef0123456789abcdef';

/** All rows except host reports. */
async function rowsOf({ db }: VolumeCloud) {
  const tables = [
    'volumes',
    'snapshots',
    'attachments',
    'transfers',
    'volume_types',
    'volume_type_access',
    'quotas',
    'tasks',
  ];
  return Object.fromEntries(await Promise.all(tables.map(async (table) => [table, await db(table)] as const)));
}

/** One volume, one snapshot, one attachment, and the rows of all. */
async function cloudWithAll(t: TestContext) {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await waitForHosts(cloud, 1);
  const { id } = await cloud.createAndWait();
  const { id: used } = await cloud.createAndWait();
  const attachment = await attach(cloud, used);
  const { id: snapshot } = (await cloud.snapshot(id)).body.snapshot;
  await until(async () => (await cloud.showSnapshot(snapshot)).status === 'available');
  const ids = { volumes: id, snapshots: snapshot, attachments: attachment } as const;
  const before = await rowsOf(cloud);
  return { cloud, ids, before };
}

/** A body that matches the action of the route. */
const bodyOf = ({ action }: { readonly action?: string }) => (action === undefined ? {} : { [action]: {} });

test("OSSA-2012-001: a token of one project changes nothing under another's path, on any route, with any role", async (t) => {
  const { cloud, ids, before } = await cloudWithAll(t);
  let walked = 0;
  for (const route of routes.filter(({ path }) => path.startsWith('/v3/:projectId')))
    for (const role of ['member,reader', 'reader', 'admin,member,reader']) {
      const kind = route.path.split('/')[3] ?? '';
      const named = ids[kind as keyof typeof ids] ?? randomUUID();
      const path = route.path.replace(':projectId', projectId).replace(':id', named).replace(/:\w+/g, 'x');
      const hasBody = !['get', 'delete'].includes(route.method);
      const asked = { role, project: other, version: '3.71', ...(hasBody ? { body: bodyOf(route) } : {}) };
      const { status, body } = await cloud.ask(route.method.toUpperCase(), path, asked);
      assert.ok([400, 403, 404].includes(status), `${route.method} ${path} ${role}: ${status}`);
      assert.doesNotMatch(JSON.stringify(body), /"(volumes|snapshots|attachments)":/);
      walked += 1;
    }
  assert.ok(walked > 300, `${walked}`);
  assert.deepEqual(await rowsOf(cloud), before);
});

test('OSSA-2012-001: an id of another project is 404 for members on every route', async (t) => {
  const { cloud, ids, before } = await cloudWithAll(t);
  for (const route of routes.filter(({ path }) => /^\/v3\/(volumes|snapshots|attachments)\/:id/.test(path))) {
    const kind = (route.path.split('/')[2] ?? '') as keyof typeof ids;
    const path = route.path.replace(':id', ids[kind]).replace(/:\w+/g, 'x');
    const hasBody = !['get', 'delete'].includes(route.method);
    const asked = {
      role: 'member,reader',
      project: other,
      version: '3.71',
      ...(hasBody ? { body: bodyOf(route) } : {}),
    };
    const { status } = await cloud.ask(route.method.toUpperCase(), path, asked);
    assert.ok([400, 403, 404].includes(status), `${route.method} ${path}: ${status}`);
  }
  assert.deepEqual(await rowsOf(cloud), before);
});

test('OSSA-2014-011: a path with the project in it uses the same rule as the one without', () => {
  const isBare = (path: string) =>
    path.startsWith('/v3/') && !path.includes(':projectId') && !path.startsWith('/v3/default-types');
  const bare = routes.filter(({ path }) => isBare(path));
  for (const { method, path, action, rule, since } of bare) {
    const duplicate = routes.find(
      (each) =>
        each.method === method && each.path === path.replace('/v3/', '/v3/:projectId/') && each.action === action,
    );
    assert.deepEqual([duplicate?.rule, duplicate?.since], [rule, since], `${method} ${path} ${action ?? ''}`);
  }
});
