/** Between the service and its storage host messages are lost, late, repeated and out of order: each volume is made, and goes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus } from '#shared/bus/bus.ts';
import type { VolumeSpec } from '#shared/contracts/volume-agent.ts';
import { knows, startVolumes } from '../e2e/volume-cloud.ts';

type Ask = Bus['call'];

/** A bus whose questions and notifications go another way. */
const withBus =
  (
    change: (bus: Bus) => {
      readonly call?: (...words: Parameters<Ask>) => Promise<unknown>;
      readonly notify?: Bus['notify'];
    },
  ) =>
  (bus: Bus): Bus =>
    ({ ...bus, ...change(bus) }) as Bus;

/** True for every n-th call. */
function each(n: number) {
  let calls = 0;
  return () => {
    calls += 1;
    return calls % n === 0;
  };
}

const faults: Readonly<Record<string, (bus: Bus) => Bus>> = {
  'M01: each message comes twice': withBus((bus) => ({
    call: async (...words) => {
      await bus.call(...words);
      return bus.call(...words);
    },
    notify: (address) => {
      bus.notify(address);
      bus.notify(address);
    },
  })),
  'M02: messages overtake each other': withBus((bus) => ({
    call: async (...words) => {
      await sleep(Math.random() * 40);
      return bus.call(...words);
    },
  })),
  'M03: questions arrive when nobody waits for the answer any more': withBus((bus) => {
    const isLate = each(4);
    return {
      call: async (...words) => {
        if (!isLate()) return bus.call(...words);
        void sleep(60).then(() => bus.call(...words).catch(() => {}));
        throw new Error('nobody answered in time');
      },
    };
  }),
  'M04: no notification arrives': withBus(() => ({ notify: () => {} })),
  'M05: every third answer is lost': withBus((bus) => {
    const isLost = each(3);
    return {
      call: async (...words) => {
        const answer = await bus.call(...words);
        if (isLost()) throw new Error('the answer was lost');
        return answer;
      },
    };
  }),
};

for (const [name, wrap] of Object.entries(faults))
  test(`${name}, and volumes are made and removed`, async (t) => {
    const cloud = await startVolumes(t, {}, wrap);
    const made: string[] = [];
    const host = cloud.startHost({
      ensureVolume: async (spec: VolumeSpec) => {
        made.push(spec.id);
        return host.agent.ensureVolume(spec);
      },
    });
    await knows(cloud, 1);
    const ids = await Promise.all(Array.from({ length: 5 }, async () => (await cloud.made()).id));
    for (const id of ids) assert.equal((await cloud.show(id)).status, 'available');
    assert.deepEqual(new Set(made), new Set(ids)); // a host may be asked twice: it ensures
    for (const id of ids) await cloud.ask('DELETE', `${cloud.at}/volumes/${id}`);
    for (const id of ids) await cloud.isGone(`/volumes/${id}`);
    assert.equal(await cloud.db('tasks').first('id'), undefined);
  });
