import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDatabase } from '#shared/db/open.ts';
import { badRequest, Fault } from '#shared/errors/fault.ts';
import { anyToken } from '#shared/http/route.ts';
import { databaseIn, databaseKinds, skipped } from '../../test/fakes/databases.ts';
import { inColumn, tagFilters, tagPaths, tagRoutes } from './tags.ts';

const rules = {
  list: 'see',
  replace: 'change',
  extend: anyToken,
  clear: 'change',
  check: 'see',
  add: anyToken,
  remove: anyToken,
};

function disk() {
  const stored = { tags: ['red'] as readonly string[] };
  const routes = tagRoutes<typeof stored>({
    path: '/disks/:id/tags',
    rules,
    read: async ({ tags }) => tags,
    change: async (service, _call, _verb, edit) => {
      service.tags = edit(service.tags);
      return service.tags;
    },
    missing: ({ params }) => new Fault(404, 'notFound', `no tag ${params.tag}`),
    checkAll: (tags) => {
      if (tags.length > 3) throw badRequest('three at most');
    },
  });
  const ask = async (method: string, tail = '', body?: object) => {
    const route = routes.find((each) => each.method === method && each.path.endsWith('/:tag') === (tail !== ''));
    const call = { params: { id: '1', tag: tail }, body } as unknown as Parameters<
      NonNullable<typeof route>['handler']
    >[1];
    return route?.handler(stored, call);
  };
  return { stored, routes, ask };
}

test('tags are listed, replaced, extended, cleared, and each is checked, added and removed', async () => {
  const { stored, ask } = disk();
  assert.deepEqual(await ask('get'), { status: 200, body: { tags: ['red'] }, headers: {} });
  assert.equal((await ask('get', 'red'))?.status, 204);
  await assert.rejects(ask('get', 'blue'), /no tag blue/);
  assert.equal((await ask('put', 'blue'))?.status, 201);
  assert.deepEqual((await ask('put', 'blue')) && stored.tags, ['red', 'blue']);
  assert.equal((await ask('delete', 'red'))?.status, 204);
  await assert.rejects(ask('delete', 'red'), /no tag red/);
  assert.deepEqual((await ask('post', '', { tags: ['a', 'a'] }))?.body, { tags: ['blue', 'a'] });
  await assert.rejects(ask('put', '', { tags: ['a', 'b', 'c', 'd'] }), /three at most/);
  assert.deepEqual((await ask('put', '', { tags: ['x'] }))?.body, { tags: ['x'] });
  assert.equal((await ask('delete'))?.status, 204);
  assert.deepEqual(stored.tags, []);
});

test('an operation without a rule entry has no route and no path', () => {
  const read = async () => [];
  const change = async () => [];
  const missing = () => new Fault(404, 'notFound', 'none');
  const routes = tagRoutes({
    path: '/images/:id/tags',
    rules: { add: anyToken, remove: anyToken },
    read,
    change,
    missing,
  });
  assert.deepEqual(
    routes.map(({ method, path }) => `${method} ${path}`),
    ['put /images/:id/tags/:tag', 'delete /images/:id/tags/:tag'],
  );
  const { tags, tag } = tagPaths('Image', { type: 'string' }, ['add', 'remove']);
  assert.deepEqual(
    [Object.keys(tags as object), Object.keys(tag as object)],
    [['parameters'], ['parameters', 'put', 'delete']],
  );
});

for (const kind of databaseKinds)
  test(`rows are found by their tags (${kind})`, { skip: skipped(kind) }, async (t) => {
    const own = databaseIn('', kind);
    const db = openDatabase(kind === 'sqlite' ? 'sqlite::memory:' : own.url);
    t.after(async () => {
      await db.destroy();
      await own.drop();
    });
    await db.schema.createTable('disks', (table) => void table.text('tags').notNullable());
    await db('disks').insert([[], ['a'], ['b'], ['a', 'b']].map((tags) => ({ tags: JSON.stringify(tags) })));
    const found = async (filter: 'tags' | 'tags-any' | 'not-tags' | 'not-tags-any', ...values: string[]) => {
      const query = db('disks');
      tagFilters(inColumn('tags'))[filter](query, values);
      return (await query).map(({ tags }) => JSON.parse(tags).join('')).sort();
    };
    assert.deepEqual(await found('tags', 'a,b'), ['ab']);
    assert.deepEqual(await found('tags-any', 'a', 'b'), ['a', 'ab', 'b']);
    assert.deepEqual(await found('not-tags', 'a,b'), ['', 'a', 'b']);
    assert.deepEqual(await found('not-tags-any', 'a,b'), ['']);
    assert.deepEqual(await found('not-tags', ','), ['', 'a', 'ab', 'b']);
  });
