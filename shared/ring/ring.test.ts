import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { BadSettings, settingsOf } from '#shared/config/settings.ts';
import { readRing } from './config.ts';
import { type Device, nodesOf, placeOf, quorumOf, type Ring } from './ring.ts';

const device = (zone: string, name: string, weight = 100): Device => ({
  key: `${zone}-h:1/${name}`,
  zone,
  address: 'h:1',
  name,
  weight,
});
const ringOf = (devices: readonly Device[], partPower = 10): Ring => ({ devices, replicas: 3, partPower, secret: 's' });
const asText = (a: string, b: string) => (a < b ? -1 : 1);
const partitions = [...Array(1024).keys()];
const primaries = (ring: Ring, partition: number) => nodesOf(ring, partition).primaries.map(({ name }) => name);

const six = ['z1', 'z2', 'z3'].flatMap((zone) => [device(zone, `${zone}a`), device(zone, `${zone}b`)]);

test('the replicas of a partition are in different zones, and every process computes the same', () => {
  for (const partition of partitions) {
    const { primaries: owners, handoffs } = nodesOf(ringOf(six), partition);
    assert.equal(new Set(owners.map(({ zone }) => zone)).size, 3);
    assert.deepEqual(
      [...owners, ...handoffs].map(({ name }) => name).toSorted(asText),
      six.map(({ name }) => name).toSorted(asText),
    );
    assert.deepEqual(primaries(ringOf(six.toReversed()), partition), primaries(ringOf(six), partition));
  }
});

test('the share of a device is proportional to its weight', () => {
  const ring = ringOf([device('z1', 'a', 300), device('z1', 'b', 100), device('z2', 'c'), device('z3', 'd')]);
  const share = partitions.filter((partition) => primaries(ring, partition).includes('a')).length / partitions.length;
  assert.ok(share > 0.7 && share < 0.8, `${share}`);
  const none = ringOf([...six, device('z4', 'off', 0)]);
  assert.ok(partitions.every((partition) => !primaries(none, partition).includes('off')));
});

test('removing a device moves only its own partitions', () => {
  const [gone, ...rest] = six;
  for (const partition of partitions) {
    const before = primaries(ringOf(six), partition);
    const after = primaries(ringOf(rest), partition);
    const stayed = before.filter((name) => name !== gone?.name);
    assert.ok(
      stayed.every((name) => after.includes(name)),
      `${partition}: ${before} ${after}`,
    );
  }
});

test('names spread over all partitions', () => {
  const ring = ringOf(six, 4);
  const found = new Set(partitions.map((number) => placeOf(ring, 'AUTH_p', 'docs', String(number)).partition));
  assert.equal(found.size, 16);
});

test('more than half is a quorum', () => {
  assert.deepEqual([1, 2, 3, 4, 5].map(quorumOf), [1, 2, 2, 3, 3]);
});

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'ring-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}
const read = (folder: string, ring = {}) =>
  readRing(settingsOf({ cloud: { var: folder, address: '127.0.0.9' }, 'object-ring': ring }));

test('the ring of the settings is saved with its secret in a file of mode 0600', (t) => {
  const folder = folderOf(t);
  const ring = read(folder);
  assert.deepEqual(
    ring.devices.map(({ zone, address, name }) => [zone, address, name]),
    [
      ['z1', '127.0.0.9:6210', 'd1'],
      ['z2', '127.0.0.9:6210', 'd2'],
      ['z3', '127.0.0.9:6210', 'd3'],
    ],
  );
  assert.equal(ring.secret.length, 48);
  assert.equal(statSync(join(folder, 'object-ring.json')).mode & 0o777, 0o600);
  const changed = read(folder, { devices: ['z1-10.0.0.1:6210/sdb 250.5'] });
  assert.deepEqual([changed.secret, changed.devices[0]?.weight], [ring.secret, 250.5]);
  assert.equal(read(folder, { secret: 'given' }).secret, 'given');
});

test('R11: a damaged ring file stops the start with its name, and is not overwritten', (t) => {
  const folder = folderOf(t);
  read(folder);
  const file = join(folder, 'object-ring.json');
  for (const broken of ['', '{"devices":', '\0\0\0\0']) {
    writeFileSync(file, broken);
    assert.throws(() => read(folder), /object-ring.json/);
    assert.equal(readFileSync(file, 'utf8'), broken);
  }
});

test('invalid settings of the ring stop the start', (t) => {
  const folder = folderOf(t);
  assert.throws(() => read(folder, { devices: ['sdb'] }), BadSettings);
  assert.throws(() => read(folder, { partPower: 0 }), BadSettings);
  read(folder);
  assert.throws(() => read(folder, { partPower: 12 }), /cannot become 12/);
});
