/** Compute and a host on a bus that repeats, reorders, delays and loses messages: the results are the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bus, NoAnswer } from '#shared/bus/bus.ts';
import { memoryBus } from '#shared/bus/memory.ts';
import { address } from '#shared/hosts/contract.ts';
import { addVolume, startCloud, until } from '../fakes/compute-cloud.ts';

/** A pseudo-random sequence that is the same in each run, so that failures are reproducible. */
function lots(seed = 7): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

const lose = async (): Promise<never> => {
  throw new NoAnswer('the answer was lost');
};

const faults: Readonly<Record<string, (bus: Bus, lot: () => number) => Partial<Bus>>> = {
  'M01: every message arrives twice': (bus) => ({
    notify: (to) => {
      bus.notify(to);
      bus.notify(to);
    },
    call: async (...words) => {
      void bus.call(...words).catch(() => {});
      return bus.call(...words);
    },
  }),
  'M02, M03: messages are reordered and delayed': (bus, lot) => ({
    notify: (to) => {
      setTimeout(() => bus.notify(to), lot() < 0.1 ? 600 : lot() * 100);
    },
    call: async (...words) => {
      await sleep(lot() * 50);
      return bus.call(...words);
    },
  }),
  'M04: half of all notifications are lost': (bus, lot) => ({ notify: (to) => void (lot() < 0.5 && bus.notify(to)) }),
  'M05: a fifth of all replies is lost after the call was executed': (bus, lot) => ({
    call: async <Answer>(...words: Parameters<Bus['call']>) => {
      const answer = await bus.call<Answer>(...words);
      return lot() < 0.2 ? lose() : answer;
    },
  }),
};

for (const [title, spoil] of Object.entries(faults))
  test(`${title}, and servers are created and deleted as without the fault`, async (t) => {
    const memory = memoryBus();
    const bus: Bus = { ...memory, ...spoil(memory, lots()) };
    const cloud = await startCloud(t, { bus });
    const host = cloud.startHost();
    await until(() => cloud.placement.providers.size === 1);
    const launched = await Promise.all(Array.from({ length: 4 }, () => cloud.launch()));
    const ids = launched.map(({ body }) => body.server.id as string);
    for (const id of ids) assert.equal((await cloud.ended(id)).status, 'ACTIVE');
    assert.deepEqual(new Set(host.guests.keys()), new Set(ids), 'each guest exists once');
    for (const [at, id] of ids.entries()) {
      const volumeId = `809b62a7-7a6e-40b1-ac43-8c00a3bf314${at}`;
      addVolume(cloud, volumeId);
      const body = { volumeAttachment: { volumeId } };
      assert.equal((await cloud.ask('POST', `/v2.1/servers/${id}/os-volume_attachments`, { body })).status, 200);
    }
    await until(async () => (await cloud.openTasks()) === 0);
    await Promise.all(ids.map((id) => cloud.act(id, { reboot: { type: 'HARD' } })));
    for (const id of ids) assert.equal((await cloud.ended(id)).status, 'ACTIVE');
    assert.equal(cloud.volumes.attachments.size, ids.length);
    await Promise.all(ids.map((id) => cloud.ask('DELETE', `/v2.1/servers/${id}`)));
    await Promise.all(ids.map((id) => cloud.isGone(id)));
    await until(() => host.guests.size === 0);
    assert.deepEqual(
      [cloud.network.ports.size, cloud.placement.claims.size, cloud.volumes.attachments.size],
      [0, 0, 0],
    );
  });

test('M08, M09: malformed and forbidden messages of an agent are refused or ignored, and others are served', async (t) => {
  const bus = memoryBus();
  const cloud = await startCloud(t, { bus });
  const host = cloud.startHost();
  await until(() => cloud.placement.providers.size === 1);
  const nonsense: readonly unknown[] = [
    null,
    7,
    'x'.repeat(16 << 20),
    [],
    {},
    { host: 7 },
    { id: {}, outcome: 'x' },
    { constructor: 1 },
  ];
  for (const words of nonsense)
    for (const to of [address.open('compute'), address.finish('compute'), 'compute.metadata', 'compute.owns-guest'])
      await bus.call(to, words).catch(() => {});
  const { body } = await cloud.launch();
  assert.equal((await cloud.ended(body.server.id)).status, 'ACTIVE');
  assert.equal(host.guests.size, 1);
});
