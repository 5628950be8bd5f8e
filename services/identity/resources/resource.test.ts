import assert from 'node:assert/strict';
import { test } from 'node:test';
import { both, extra, flag, named, object, text } from './attributes.ts';
import { openapiOf } from './openapi.ts';
import { resource } from './resource.ts';

const shelf = resource({
  one: 'shelf',
  many: 'shelves',
  path: '/shelves',
  table: 'shelves',
  lowered: true,
  unique: { columns: ['domainId', 'name'], found: ({ name }) => ` found with name ${name}` },
  ignored: ['password'],
  attributes: {
    id: text({}),
    name: named({ set: both, required: true, filter: true }),
    domain_id: text({ set: ['create'], default: 'd', filter: true }),
    enabled: flag({ set: both, default: true, filter: true }),
    note: text({ set: both, nullable: true, default: null, show: (note) => note ?? undefined }),
    options: object({ set: both, default: {} }),
    extra,
  },
});

test('a body becomes columns, and what is no attribute is kept as extra', () => {
  const created = shelf.create({ name: ' a ', colour: 'red', password: 'p', links: {}, id: 'mine' });
  assert.deepEqual(created, {
    name: 'a',
    domainId: 'd',
    enabled: true,
    note: null,
    options: {},
    extra: { colour: 'red' },
  });
});

test('an update adds to options and extra, and leaves what it does not name', () => {
  const row = { ...shelf.create({ name: 'a', colour: 'red', options: { one: 1 } }), id: '1', name: 'a' };
  assert.deepEqual(shelf.change({ enabled: false, options: { two: 2 }, size: 3, domain_id: 'other' }, row), {
    enabled: false,
    options: { one: 1, two: 2 },
    extra: { colour: 'red', size: 3 },
  });
});

test('a view has extra beside the attributes, never instead of them, and a link to itself', () => {
  const row = { ...shelf.create({ name: 'a', colour: 'red' }), id: '1', name: 'a' };
  const view = shelf.view({ ...row, extra: { ...row.extra, name: 'forged', links: 'forged' } }, 'http://here');
  assert.deepEqual(JSON.parse(JSON.stringify(view)), {
    id: '1',
    name: 'a',
    domain_id: 'd',
    enabled: true,
    options: {},
    colour: 'red',
    links: { self: 'http://here/v3/shelves/1' },
  });
});

test('the OpenAPI file has the filters, and bodies that may have more than the attributes', () => {
  const { list, components } = openapiOf(shelf, { optional: ['note'] }) as unknown as {
    list: { get: { parameters: { name: string }[] } };
    components: { change: { properties: { shelf: object } }; shelf: { required: string[] } };
  };
  assert.deepEqual(
    list.get.parameters.map(({ name }) => name),
    ['name', 'domain_id', 'enabled'],
  );
  assert.ok(!('additionalProperties' in components.change.properties.shelf));
  assert.deepEqual(components.shelf.required, ['id', 'name', 'domain_id', 'enabled', 'options', 'links']);
});
