import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDevice } from './device.ts';
import { applyMoves, planMoves, sharesOf } from './moves.ts';
import { changed, decodePlacement, encodePlacement, follow, type Placement } from './placement.ts';

const at = (text: string) => parseDevice(text, '127.0.0.1');
const devicesOf = (count: number) => [...Array(count).keys()].map((n) => at(`z${n}-10.0.0.${n}:6210/d${n}`));
const settings = (count: number, replicas = 3) => ({ devices: devicesOf(count), replicas, partPower: 8 });
const always = { now: 10 * 3_600_000, minPartHours: 1, isWhole: () => true };

const movedReplicas = (before: Placement, after: Placement): number[] =>
  before.rows.map((row, partition) => row.filter((key) => !after.rows[partition]?.includes(key)).length);

test('a device that is added gets nothing until a rebalance, which moves at most one replica of a partition', () => {
  const before = follow(undefined, settings(3));
  const added = follow(before, settings(6));
  assert.deepEqual(added.rows, before.rows);
  assert.equal(added.version, before.version + 1);
  const { moves } = planMoves(added, always);
  const after = applyMoves(added, moves, always.now);
  assert.equal(Math.max(...movedReplicas(added, after)), 1);
  assert.equal(new Set(moves.map(({ partition }) => partition)).size, moves.length);
  for (const { device, after: planned } of sharesOf(added, moves))
    assert.equal(sharesOf(after).find((share) => share.device.key === device.key)?.has, planned);
});

test('a partition waits for its last move to be repaired, and for minPartHours', () => {
  const added = follow(follow(undefined, settings(3)), settings(6));
  const first = applyMoves(added, planMoves(added, always).moves, always.now);
  const later = { ...always, now: always.now + 30 * 60_000 };
  const soon = planMoves(first, later);
  assert.deepEqual([soon.moves.length, soon.recent > 0], [0, true]);
  const next = { ...always, now: always.now + 3_600_000 };
  const broken = planMoves(first, { ...next, isWhole: (partition) => partition % 2 === 0 });
  assert.ok(broken.moves.every(({ partition }) => partition % 2 === 0));
  assert.ok(broken.notWhole > 0);
});

test('steps end where every device has its share, and each replica stays in a zone of its own', () => {
  let ring = follow(follow(undefined, settings(3)), settings(7));
  let now = always.now;
  for (
    let { moves } = planMoves(ring, { ...always, now });
    moves.length > 0;
    { moves } = planMoves(ring, { ...always, now })
  ) {
    ring = applyMoves(ring, moves, now);
    now += 3_600_000;
  }
  for (const { has, wanted } of sharesOf(ring)) assert.equal(has, wanted);
  assert.ok(ring.rows.every((row) => new Set(row).size === 3));
});

test('a device without weight is emptied, one that left is replaced at once, and neither moves anything else', () => {
  const before = follow(undefined, settings(5));
  const key = before.devices[1]?.key ?? '';
  const light = changed(before, {
    devices: before.devices.map((each) => (each.key === key ? { ...each, weight: 0 } : each)),
  });
  assert.deepEqual(light.rows, before.rows);
  const { moves } = planMoves(light, always);
  assert.ok(moves.length > 0 && moves.every(({ from, why }) => from.key === key && why === 'no weight'));
  assert.ok(!applyMoves(light, moves, always.now).rows.flat().includes(key));
  const gone = changed(before, { devices: before.devices.filter((each) => each.key !== key) });
  assert.ok(gone.rows.every((row) => row.length === 3 && !row.includes(key)));
  for (const [partition, row] of before.rows.entries())
    assert.deepEqual(
      row.filter((each) => each !== key),
      row.filter((each) => gone.rows[partition]?.includes(each)),
    );
});

test('the replicas grow with the first devices, without moves', () => {
  const one = follow(undefined, { ...settings(1), replicas: 1 });
  const three = follow(follow(one, { ...settings(2), replicas: 2 }), settings(3));
  assert.ok(three.rows.every((row) => row.length === 3 && row[0] === one.devices[0]?.key));
  assert.equal(follow(three, settings(3)), three, 'the same settings change nothing');
});

test('replicas are in different regions, then zones, then hosts', () => {
  const devices = [
    'r1z1-10.0.0.1:1/a',
    'r1z1-10.0.0.2:1/b',
    'r1z1-10.0.0.1:1/c',
    'r2z1-10.0.1.1:1/d',
    'r2z2-10.0.1.2:1/e',
  ];
  const { rows } = follow(undefined, { devices: devices.map(at), replicas: 3, partPower: 8 });
  for (const row of rows) {
    assert.ok(row.some((key) => key.startsWith('r1')) && row.some((key) => key.startsWith('r2')), row.join());
    assert.ok(!(row.some((key) => key.endsWith('/a')) && row.some((key) => key.endsWith('/c'))), row.join());
  }
});

test('what was changed by commands stays when the settings are read again, and what changed in the settings counts', () => {
  const before = follow(undefined, settings(4));
  const [first] = before.devices;
  const heavy = changed(before, {
    devices: before.devices.map((each) => (each === first ? { ...each, weight: 300 } : each)),
  });
  assert.equal(follow(heavy, settings(4)).devices[0]?.weight, 300);
  const devices = settings(4).devices.map((each, at) => (at === 1 ? { ...each, weight: 50 } : each));
  assert.deepEqual(
    follow(heavy, { ...settings(4), devices }).devices.map(({ weight }) => weight),
    [300, 50, 100, 100],
  );
});

test('a placement survives its encoding', () => {
  const placement = applyMoves(follow(undefined, settings(4)), [], 0);
  assert.deepEqual(decodePlacement(JSON.parse(JSON.stringify(encodePlacement(placement)))), placement);
  assert.throws(() => decodePlacement({ ...encodePlacement(placement), rows: 'AAAA' }), /damaged/);
});

test('a zone may have the name of a host with hyphens', () => {
  assert.deepEqual(
    [at('stor-1-10.0.0.1:6210/d1'), at('stor-2-:6210/d1 50')].map(({ zone, address, weight }) => [
      zone,
      address,
      weight,
    ]),
    [
      ['stor-1', '10.0.0.1:6210', 100],
      ['stor-2', '127.0.0.1:6210', 50],
    ],
  );
});
