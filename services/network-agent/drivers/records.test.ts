import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Segment } from '#shared/contracts/network-agent.ts';
import { appliedIds, neededSegments, openRecords } from './records.ts';

const segment = (peers: string[]): Segment => ({
  networkId: 'n',
  type: 'vxlan',
  id: 1,
  physical: null,
  bridge: 'b',
  mtu: 1450,
  peers,
});
const port = (id: string, peers: string[]) => ({
  id,
  segment: segment(peers),
  tap: 't',
  mac: 'm',
  fixedIps: [],
  allowedPairs: [],
  guarded: true,
  adminUp: true,
  groupIds: [],
});

test('a spec survives a restart until it is removed', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'wattle-records-'));
  t.after(() => rm(dir, { recursive: true }));
  const records = openRecords(dir);
  await records.port.put(port('p', []));
  await records.dhcp.put({
    id: 'n/dhcp',
    segment: segment([]),
    port: { id: 'd', mac: 'm', fixedIps: [] },
    subnets: [],
    leases: [],
    domain: '',
  });
  assert.deepEqual(appliedIds(openRecords(dir)), ['p', 'n/dhcp']);
  await records.dhcp.remove('n/dhcp');
  await records.port.remove('p');
  assert.deepEqual(appliedIds(openRecords(dir)), []);
  assert.deepEqual(await readdir(join(dir, 'port')), [], 'no file is left');
});

test('the newest segment of a network is used, whichever spec needs it', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'wattle-records-'));
  t.after(() => rm(dir, { recursive: true }));
  const records = openRecords(dir);
  await records.port.put(port('new', ['a', 'b']));
  await records.segment.put(segment(['a', 'b']));
  await records.port.put(port('old', ['a']));
  assert.deepEqual(neededSegments(records).get('b')?.peers, ['a', 'b']);
});
