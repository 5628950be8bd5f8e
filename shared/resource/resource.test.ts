import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attributeOf, sortsOf } from './attribute.ts';
import { parseCreate, parseUpdate } from './body.ts';
import { bodySchema, wholeRowSchema } from './schema.ts';
import { briefOf, viewOf } from './view.ts';

const text = attributeOf<string>({ kind: 'text', input: { type: 'string' }, parse: (sent) => String(sent).trim() });
const size = attributeOf<number>({ kind: 'number', input: { type: ['integer', 'string'] }, parse: Number });

const disk = {
  name: text({ set: ['create', 'update'], required: true, brief: true, sort: true }),
  size_gb: size({ set: ['create'], default: 1, sort: ['size', 'gigabytes'] }),
  swap: size({ column: 'swapMb', earlier: { until: '2.75', show: (mb) => mb || '' } }),
  label: text({ set: ['update'], nullable: true, required: 'update', since: '2.55' }),
  secret: text({ rule: 'see_secret' }),
  revision: size({ hidden: true }),
} as const;

const row = { name: 'a', sizeGb: 2, swapMb: 0, label: null, secret: 's', revision: 7 };

test('a view has what its version has and what its caller may see', () => {
  const view = viewOf(disk);
  assert.deepEqual(view(row, { version: '2.1', may: () => false }), { name: 'a', size_gb: 2, swap: '' });
  assert.deepEqual(view(row, { version: '2.80', may: (rule) => rule === 'see_secret' }), {
    name: 'a',
    size_gb: 2,
    swap: 0,
    label: null,
    secret: 's',
  });
  assert.deepEqual(viewOf(briefOf(disk))(row, { may: () => true }), { name: 'a' });
});

test('a body becomes values by column; only what the request may set counts, and a create has defaults', () => {
  assert.deepEqual(parseCreate(disk, { name: ' b ', swap: 9, label: 'x' }), { name: 'b', sizeGb: 1 });
  assert.deepEqual(parseCreate(disk, { name: 'b', size_gb: '3' }), { name: 'b', sizeGb: 3 });
  assert.deepEqual(parseUpdate(disk, { size_gb: 3, label: null }), { label: null });
});

test('schemas say what is required, what may be null, and from which version', () => {
  assert.deepEqual(bodySchema(disk, 'create'), {
    type: 'object',
    additionalProperties: false,
    required: ['name'],
    properties: { name: { type: 'string' }, size_gb: { type: ['integer', 'string'] } },
  });
  assert.deepEqual(bodySchema(disk, 'update'), {
    type: 'object',
    additionalProperties: false,
    required: ['label'],
    properties: { name: { type: 'string' }, label: { type: ['string', 'null'], 'x-openstack': { 'min-ver': '2.55' } } },
  });
  assert.deepEqual(wholeRowSchema(disk).required, ['name', 'size_gb', 'swap', 'label']);
});

test('sort keys are names of attributes, or others that mean them', () => {
  assert.deepEqual(sortsOf(disk), { name: 'name', size: 'sizeGb', gigabytes: 'sizeGb' });
});
