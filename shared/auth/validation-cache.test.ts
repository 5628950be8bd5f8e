import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { steadyClock } from '../../test/fakes/steady-clock.ts';
import type { Claims } from './token.ts';
import { cacheValidations } from './validation-cache.ts';

const start = 1_000_000_000;
const bornAt = start / 1000;
const claimsOf = (sub: string, livesSeconds = 3600) => ({ sub, exp: bornAt + livesSeconds }) as Claims;

/** A Keystone that records each validation; tokens that begin with `good` are valid. */
function open(t: TestContext, livesSeconds?: number) {
  t.mock.timers.enable({ apis: ['Date'], now: start });
  const clock = steadyClock(t);
  const tick = (ms: number) => {
    t.mock.timers.tick(ms);
    clock.tick(ms);
  };
  const asked: string[] = [];
  const state = { isAway: false };
  const validate = cacheValidations(async (token) => {
    asked.push(token);
    if (state.isAway) throw new Error('away');
    return token.startsWith('good') ? claimsOf(token, livesSeconds) : undefined;
  });
  return { asked, state, validate, tick };
}

test('a valid token is cached for five seconds, an invalid one for one', async (t) => {
  const { asked, validate, tick } = open(t);
  const both = async () => [(await validate('good'))?.sub, await validate('bad')];
  assert.deepEqual(await both(), ['good', undefined]);
  tick(999);
  await both();
  assert.deepEqual(asked, ['good', 'bad']);
  tick(1);
  await both();
  assert.deepEqual(asked, ['good', 'bad', 'bad']);
  tick(4_000);
  await both();
  assert.deepEqual(asked, ['good', 'bad', 'bad', 'good', 'bad']);
});

test('a token is not cached past its expiry', async (t) => {
  const { asked, validate, tick } = open(t, 2);
  await validate('good');
  tick(2_000);
  await validate('good');
  assert.equal(asked.length, 2);
});

test('concurrent requests with one token share one validation', async (t) => {
  const { asked, validate } = open(t);
  const answers = await Promise.all(['good1', 'good2', 'good1', 'good1'].map(validate));
  assert.deepEqual(
    answers.map((claims) => claims?.sub),
    ['good1', 'good2', 'good1', 'good1'],
  );
  assert.deepEqual(asked, ['good1', 'good2']);
});

test('a failed validation is not cached', async (t) => {
  const { state, validate } = open(t);
  state.isAway = true;
  const failed = await Promise.allSettled([validate('good'), validate('good')]);
  assert.deepEqual(
    failed.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  state.isAway = false;
  assert.equal((await validate('good'))?.sub, 'good');
});

test('a flood of invalid tokens evicts no valid one', async (t) => {
  const { asked, validate } = open(t);
  await validate('good');
  for (let at = 0; at <= 10_000; at += 1) await validate(`bad${at}`);
  await validate('good');
  assert.equal(asked.filter((token) => token === 'good').length, 1);
});

test('C02: a wall clock that is set back does not prolong the caching', async (t) => {
  const { asked, validate, tick } = open(t);
  await validate('good');
  t.mock.timers.setTime(start - 600_000);
  tick(5_000);
  await validate('good');
  assert.equal(asked.length, 2);
});
