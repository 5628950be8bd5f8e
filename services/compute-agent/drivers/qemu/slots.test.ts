import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '#shared/errors/fault.ts';
import { diskSpec, guestSpec } from '../../../../test/fakes/compute-host.ts';
import { keyOf } from './devices.ts';
import { assignSlots, nameDisks } from './slots.ts';

const [root, one, two] = [diskSpec({ id: 'root', bootIndex: 0 }), diskSpec({ id: 'one' }), diskSpec({ id: 'two' })];

test('the boot disk has the first slot, whatever its position in the spec', () => {
  assert.deepEqual(assignSlots(guestSpec({ disks: [one, root] }), {}, 20), { root: 0, one: 1 });
});

test('a device keeps its slot when others are added and removed', () => {
  const all = assignSlots(guestSpec({ disks: [root, one, two] }), {}, 20);
  const without = assignSlots(guestSpec({ disks: [root, two] }), all, 20);
  assert.deepEqual(without, { root: 0, two: 2 });
  assert.deepEqual(assignSlots(guestSpec({ disks: [root, two, one] }), without, 20), { root: 0, two: 2, one: 1 });
});

test('scsi disks and the config drive share a controller, which takes one PCI port', () => {
  const disks = [root, { ...one, bus: 'scsi' as const }];
  const slots = assignSlots(guestSpec({ disks, configDrive: {} }), {}, 20);
  assert.deepEqual(slots, { root: 0, scsi0: 1, config: 0, one: 1 });
});

test('without a free slot the spec is refused', () => {
  const spec = guestSpec({ disks: [root, one, two] });
  assert.throws(
    () => assignSlots(spec, {}, 2),
    (error) => error instanceof Fault && error.status === 409,
  );
});

test('disks are named in the order of their slots, a new one takes the first free letter', () => {
  const slots = { root: 0, one: 2, two: 1 };
  const spec = guestSpec({ disks: [root, one, two] });
  assert.deepEqual(nameDisks(spec, slots, {}), { root: 'vda', two: 'vdb', one: 'vdc' });
  assert.deepEqual(nameDisks(spec, slots, { root: 'vda', one: 'vdc' }), { root: 'vda', one: 'vdc', two: 'vdb' });
});

test('after vdz comes vdaa', () => {
  const disks = Array.from({ length: 28 }, (_, at) => diskSpec({ id: `d${at}` }));
  const slots = assignSlots(guestSpec({ disks }), {}, 30);
  const names = nameDisks(guestSpec({ disks }), slots, {});
  assert.deepEqual([names.d25, names.d26, names.d27], ['vdz', 'vdaa', 'vdab']);
});

test('every id becomes a valid QEMU name', () => {
  const key = keyOf('b8c7ef2a-0d3f-4a3b-9f3c-1a2b3c4d5e6f');
  assert.match(key, /^v[0-9a-f]{20}$/);
  assert.ok(`${key}-base-file`.length <= 31);
  assert.equal(keyOf('root'), 'root');
});
