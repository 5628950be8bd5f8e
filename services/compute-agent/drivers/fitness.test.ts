import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silentLog } from '#shared/log/log.ts';
import { openFitness } from './fitness.ts';

async function open(t: TestContext, token: () => Promise<string>, patienceMs = 60_000) {
  const directory = await mkdtemp(join(tmpdir(), 'fitness-'));
  const changed = Promise.withResolvers<void>();
  const onChange = () => changed.resolve();
  const fitness = await openFitness({
    session: { token },
    directory,
    log: silentLog(),
    everyMs: 10,
    patienceMs,
    onChange,
  });
  t.after(async () => {
    await fitness.close();
    await rm(directory, { recursive: true, force: true });
  });
  return { fitness, directory, changed: changed.promise };
}

const away = async () => {
  throw new Error('The identity service does not answer');
};

test('a host whose login is refused is unfit at once, with the reason, and fit again after it works', async (t) => {
  let isRefused = true;
  const { fitness } = await open(t, async () => {
    if (isRefused)
      throw new Error('nova cannot log in at http://10.0.0.1:5000/v3', {
        cause: new Error('login of nova was answered 401: no'),
      });
    return 'token';
  });
  assert.deepEqual(fitness.reasons(), [
    'nova cannot log in at http://10.0.0.1:5000/v3: login of nova was answered 401: no',
  ]);
  isRefused = false;
  while (fitness.reasons().length > 0) await new Promise(setImmediate);
});

test('an identity that is away for a moment makes no host unfit, one that stays away does', async (t) => {
  assert.deepEqual((await open(t, away)).fitness.reasons(), []);
  const { fitness, changed } = await open(t, away, 30);
  await changed;
  assert.deepEqual(fitness.reasons(), ['The identity service does not answer']);
});

test('a host that cannot write to its disk is unfit', async (t) => {
  const { fitness, directory, changed } = await open(t, async () => 'token');
  assert.deepEqual(fitness.reasons(), []);
  await rm(directory, { recursive: true });
  await changed;
  assert.match(fitness.reasons()[0] ?? '', /its directory cannot be written: ENOENT/);
});
