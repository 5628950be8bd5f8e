/**
 * A cloud is used at random while its processes are killed and paused at random. WATTLE_TEST_SEED repeats a run's choices;
 * WATTLE_TEST_SECONDS is its length, 60 by default.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Session } from '#shared/clients/session.ts';
import { orUndefined } from '../e2e/story/api.ts';
import { until } from '../e2e/story/cloud.ts';
import { lateWake, nextFault, requireTargets } from './faults.ts';
import { randomOf } from './random.ts';
import { openUsedCloud } from './used-cloud.ts';

const seed = Number(process.env.WATTLE_TEST_SEED ?? randomInt(2 ** 31));
const seconds = Number(process.env.WATTLE_TEST_SECONDS ?? 60);

/** A host is down at the latest 30 s after its last sign of life, and that is read at most 10 s later. */
const downMs = 40_000;

test('P01: clients use a cloud whose processes are killed and paused at random; a host that is silent for 61 s is down meanwhile', async (t) => {
  t.diagnostic(`WATTLE_TEST_SEED=${seed} WATTLE_TEST_SECONDS=${seconds} repeats the choices`);
  const random = randomOf(seed);
  const { cloud, session, useDuring, check } = await openUsedCloud(t, random);
  requireTargets(cloud);
  await useDuring(async () => {
    for (const endAt = Date.now() + seconds * 1000; Date.now() < endAt; ) {
      await sleep(500 + random.below(3_000)); // the pause between faults is one of the choices
      const fault = nextFault(random);
      const isDone = await fault.happen(cloud);
      t.diagnostic(`${fault.name}${isDone ? '' : ': it had no process'}`);
    }
    await until('the host is up', async () => (await hostState(session)) === 'up');
    const waking = lateWake('compute-agent').happen(cloud);
    await until('the host is down', async () => (await hostState(session)) === 'down', downMs);
    assert.ok(await waking);
    await until('the host is up again', async () => (await hostState(session)) === 'up');
  });
  await check();
});

async function hostState(session: Session): Promise<string | undefined> {
  const path = '/os-services?binary=nova-compute';
  const body = await orUndefined(session.json<{ services: { state: string }[] }>('compute', path));
  return body?.services[0]?.state;
}
