/**
 * A cloud is used at random while its processes are killed and paused at random. WATTLE_TEST_SEED repeats a run's choices;
 * WATTLE_TEST_SECONDS is its length, 60 by default.
 */
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { lateWake, nextFault } from './faults.ts';
import { randomOf } from './random.ts';
import { openUsedCloud } from './used-cloud.ts';

const seed = Number(process.env.WATTLE_TEST_SEED ?? randomInt(2 ** 31));
const seconds = Number(process.env.WATTLE_TEST_SECONDS ?? 60);

test('P01: clients use a cloud whose processes are killed and paused at random, an agent for 61 s', async (t) => {
  t.diagnostic(`WATTLE_TEST_SEED=${seed} WATTLE_TEST_SECONDS=${seconds} repeats the choices`);
  const random = randomOf(seed);
  const { cloud, useDuring, check } = await openUsedCloud(t, random);
  await useDuring(async () => {
    const endAt = Date.now() + seconds * 1000;
    for (let isLast = false; !isLast; ) {
      await sleep(500 + random.below(3_000)); // the pause between faults is one of the choices
      isLast = Date.now() > endAt;
      const fault = isLast ? lateWake(random) : nextFault(random);
      t.diagnostic(fault.name);
      await fault.happen(cloud);
    }
  });
  await check();
});
