import assert from 'node:assert/strict';
import { test } from 'node:test';
import { choose, describeHosts, noValidHost } from './choose.ts';
import type { Candidate, Requirements } from './filters.ts';

const wanted: Requirements = {
  resources: { VCPU: 1, MEMORY_MB: 2048, DISK_GB: 10 },
  zone: null,
  host: null,
  leaves: null,
  arch: null,
  differentFrom: [],
  sameAs: [],
  group: null,
  hints: {},
  extraSpecs: {},
};
const host = (name: string, more: Partial<Candidate> = {}): Candidate => ({
  name,
  hostId: `id-of-${name}`,
  zone: 'nova',
  enabled: true,
  disabledReason: null,
  down: null,
  arch: 'x86_64',
  offered: true,
  rooms: {
    VCPU: { capacity: 8, used: 0 },
    MEMORY_MB: { capacity: 4096, used: 0 },
    DISK_GB: { capacity: 100, used: 0 },
  },
  servers: [],
  members: 0,
  address: '10.0.0.1',
  values: {},
  aggregates: [],
  ...more,
});
const full = (name: string) => {
  const { rooms } = host(name);
  return host(name, { offered: false, rooms: { ...rooms, MEMORY_MB: { capacity: 4096, used: 3072 } } });
};

test('the host with the most left is the first choice, and the numbers are kept', () => {
  const half = host('half', { rooms: { ...host('x').rooms, MEMORY_MB: { capacity: 4096, used: 2048 } } });
  const { chosen, ranked, candidates } = choose(wanted, [half, host('empty')]);
  assert.equal(chosen, 'empty');
  assert.deepEqual(ranked, ['empty', 'half']);
  assert.deepEqual(candidates[0]?.weights, { ram: 0.5, cpu: 1, disk: 1 });
  assert.equal(candidates[0]?.weight, 2.5);
});

test('a success keeps the verdict of each filter, with its numbers', () => {
  const { candidates } = choose(wanted, [host('a')]);
  const verdict = candidates[0]?.verdicts.find(({ filter }) => filter === 'room');
  assert.equal(verdict?.passed, true);
  assert.match(verdict?.says ?? '', /2048 MB of memory \(MEMORY_MB\) asked, 4096 free of 4096/);
});

test('OSSA-2019-003: no valid host counts failures by filter; details for administrators name hosts and numbers', () => {
  const away = host('away', { down: 'reported 200 s ago, at most 90 s are allowed' });
  const closed = host('closed', { enabled: false, disabledReason: 'a new fan' });
  const none = choose(wanted, [full('full'), away, closed]);
  assert.equal(none.chosen, null);
  assert.equal(
    noValidHost(none),
    'No valid host was found. Asked for: 1 VCPU, 2048 MB of memory (MEMORY_MB), 10 GB of disk (DISK_GB). ' +
      'Hosts: 1 without enough room, 1 down, 1 disabled.',
  );
  assert.equal(
    describeHosts(none),
    'No valid host was found. Host full: 2048 MB of memory (MEMORY_MB) asked, 1024 free of 4096. ' +
      'Host away: reported 200 s ago, at most 90 s are allowed. Host closed: is disabled: a new fan.',
  );
});

test('without any host the fault states it', () => {
  assert.equal(noValidHost(choose(wanted, [])), 'No valid host was found. There is no compute host.');
});

test('zone, host, same_host and different_host are filters', () => {
  const hosts = [host('a', { zone: 'one', servers: ['s1'] }), host('b'), host('c')];
  assert.deepEqual(choose({ ...wanted, zone: 'one' }, hosts).ranked, ['a']);
  assert.deepEqual(choose({ ...wanted, host: 'b' }, hosts).ranked, ['b']);
  assert.deepEqual(choose({ ...wanted, differentFrom: ['s1'], host: 'a' }, hosts).ranked, []);
  assert.deepEqual(choose({ ...wanted, sameAs: ['s1'] }, hosts).ranked, ['a']);
  assert.deepEqual(choose({ ...wanted, arch: 'aarch64' }, hosts).ranked, []);
});

test('among equals the lot decides', () => {
  const lots = [0.9, 0.1];
  assert.deepEqual(choose(wanted, [host('a'), host('b')], () => lots.shift() ?? 0).ranked, ['b', 'a']);
});
