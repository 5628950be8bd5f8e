import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AgentCall, ObjectAgent } from '#shared/contracts/object-agent.ts';
import { mayLose, measureDispersion } from './dispersion.ts';
import type { Reach } from './reach.ts';
import { type Device, nodesOf, type Ring } from './ring.ts';

const ringOf = (count: number, replicas = 3): Ring => ({
  devices: Array.from(
    { length: count },
    (_, at): Device => ({
      ...{ key: `z${at}-10.0.0.${at}:6210/d1`, zone: `z${at}`, address: `10.0.0.${at}:6210`, name: 'd1', weight: 100 },
    }),
  ),
  ...{ replicas, partPower: 4, secret: '' },
});

const digest = (letter: string) => letter.repeat(32);
type Content = Readonly<Record<number, string>>;

/** What the devices answer, by address: their object partitions, or nothing when they are away. */
const reachOf = (contents: Readonly<Record<string, Content | undefined>>): Reach => ({
  agentOf: ({ address }) => {
    const ask = async ({ kind }: AgentCall) => {
      const content = contents[address];
      if (!content) throw new Error('away');
      return { status: 200, headers: {}, body: Buffer.from(JSON.stringify(kind === 'object' ? content : {})) };
    };
    return { ask } as unknown as ObjectAgent;
  },
  close: () => {},
});

const everywhere = (ring: Ring, content: Content) =>
  Object.fromEntries(ring.devices.map(({ address }) => [address, content]));

test('with the same data on three hosts two may be lost', async () => {
  const ring = ringOf(3);
  const state = await measureDispersion(ring, reachOf(everywhere(ring, { 1: digest('a'), 2: digest('b') })));
  assert.deepEqual([state.partitions, state.whole, state.spareHosts], [2, 2, 2]);
  assert.equal(mayLose(2, state), 'yes, all data is the same on at least 3 hosts');
});

test('a host that is away, and data that differs, is the reason', async () => {
  const ring = ringOf(3);
  const content = { 1: digest('a') };
  const away = await measureDispersion(ring, reachOf({ ...everywhere(ring, content), '10.0.0.1:6210': undefined }));
  assert.equal(mayLose(1, away), 'yes, all data is the same on at least 2 hosts');
  assert.match(mayLose(2, away), /^no, because z1-10\.0\.0\.1:6210\/d1 does not answer/);
  const other = { ...everywhere(ring, content), '10.0.0.2:6210': { 1: digest('c') } };
  const differing = await measureDispersion(ring, reachOf(other));
  assert.deepEqual([differing.whole, differing.differing, differing.spareHosts], [0, 1, 0]);
  assert.equal(mayLose(1, differing), 'no, because 1 partitions are not repaired yet');
});

test('an empty ring says what its devices allow, and one host is never enough', async () => {
  const [three, two] = [ringOf(3), ringOf(2)];
  assert.match(mayLose(2, await measureDispersion(three, reachOf(everywhere(three, {})))), /^yes/);
  assert.match(
    mayLose(2, await measureDispersion(two, reachOf(everywhere(two, {})))),
    /^no, because the ring is on 2 hosts/,
  );
  const one = { ...three, devices: three.devices.map((device) => ({ ...device, address: '10.0.0.0:6210' })) };
  assert.match(
    mayLose(1, await measureDispersion(one, reachOf(everywhere(one, {})))),
    /^no, because the ring is on one host/,
  );
  const single = ringOf(3, 1);
  assert.match(
    mayLose(1, await measureDispersion(single, reachOf(everywhere(single, {})))),
    /^no, because the ring keeps 1 replicas/,
  );
});

test('what a device keeps for others is counted apart', async () => {
  const ring = ringOf(4);
  const partition = 1;
  const { primaries, handoffs } = nodesOf(ring, partition);
  const [handoff] = handoffs;
  const holders = new Set([...primaries.slice(0, 2), ...(handoff ? [handoff] : [])].map(({ address }) => address));
  const contents = Object.fromEntries(
    ring.devices.map(({ address }) => [address, holders.has(address) ? { [partition]: digest('a') } : {}]),
  );
  const state = await measureDispersion(ring, reachOf(contents));
  const kept = state.devices.find(({ device }) => device === handoff);
  assert.deepEqual([kept?.partitions, kept?.handoffs], [0, 1]);
  assert.deepEqual([state.whole, state.spareHosts], [0, 0], 'a primary has nothing of it yet');
});
