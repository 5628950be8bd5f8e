/** Messages between service and storage host are lost, delayed, repeated and reordered: volumes are created and deleted all the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus } from '#shared/bus/bus.ts';
import type { VolumeSpec } from '#shared/contracts/volume-agent.ts';
import { startVolumes, waitForHosts } from '../e2e/volume-cloud.ts';

type Ask = Bus['call'];

/** A bus with replaced calls and notifications. */
const withBus =
  (
    change: (bus: Bus) => {
      readonly call?: (...args: Parameters<Ask>) => Promise<unknown>;
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
  'M01: every message is delivered twice': withBus((bus) => ({
    call: async (...args) => {
      await bus.call(...args);
      return bus.call(...args);
    },
    notify: (address) => {
      bus.notify(address);
      bus.notify(address);
    },
  })),
  'M02: messages are reordered': withBus((bus) => ({
    call: async (...args) => {
      await sleep(Math.random() * 40);
      return bus.call(...args);
    },
  })),
  'M03: calls arrive after their caller timed out': withBus((bus) => {
    const isLate = each(4);
    return {
      call: async (...args) => {
        if (!isLate()) return bus.call(...args);
        void sleep(60).then(() => bus.call(...args).catch(() => {}));
        throw new Error('the call timed out');
      },
    };
  }),
  'M04: no notification arrives': withBus(() => ({ notify: () => {} })),
  'M05: every third reply is lost': withBus((bus) => {
    const isLost = each(3);
    return {
      call: async (...args) => {
        const reply = await bus.call(...args);
        if (isLost()) throw new Error('the reply was lost');
        return reply;
      },
    };
  }),
};

for (const [name, wrap] of Object.entries(faults))
  test(`${name}, and volumes are created and deleted`, async (t) => {
    const cloud = await startVolumes(t, {}, wrap);
    const made: string[] = [];
    const host = cloud.startHost({
      ensureVolume: async (spec: VolumeSpec) => {
        made.push(spec.id);
        return host.agent.ensureVolume(spec);
      },
    });
    await waitForHosts(cloud, 1);
    const ids = await Promise.all(Array.from({ length: 5 }, async () => (await cloud.createAndWait()).id));
    for (const id of ids) assert.equal((await cloud.show(id)).status, 'available');
    assert.deepEqual(new Set(made), new Set(ids)); // repeated calls are idempotent
    for (const id of ids) await cloud.ask('DELETE', `${cloud.at}/volumes/${id}`);
    for (const id of ids) await cloud.isGone(`/volumes/${id}`);
    assert.equal(await cloud.db('tasks').first('id'), undefined);
  });
