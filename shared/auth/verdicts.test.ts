import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { steadyClock } from '../../test/fakes/steady-clock.ts';
import type { Claims } from './token.ts';
import { rememberVerdicts } from './verdicts.ts';

const start = 1_000_000_000;
const bornAt = start / 1000;
const claimsOf = (sub: string, livesSeconds = 3600) => ({ sub, exp: bornAt + livesSeconds }) as Claims;

/** A Keystone that counts the questions, and knows tokens that begin with `good`. */
function open(t: TestContext, livesSeconds?: number) {
  t.mock.timers.enable({ apis: ['Date'], now: start });
  const clock = steadyClock(t);
  const tick = (ms: number) => {
    t.mock.timers.tick(ms);
    clock.tick(ms);
  };
  const asked: string[] = [];
  const state = { isAway: false };
  const verdict = rememberVerdicts(async (token) => {
    asked.push(token);
    if (state.isAway) throw new Error('away');
    return token.startsWith('good') ? claimsOf(token, livesSeconds) : undefined;
  });
  return { asked, state, verdict, tick };
}

test('a yes is believed for five seconds, a no for one', async (t) => {
  const { asked, verdict, tick } = open(t);
  const both = async () => [(await verdict('good'))?.sub, await verdict('bad')];
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

test('nothing is believed past the end of its token', async (t) => {
  const { asked, verdict, tick } = open(t, 2);
  await verdict('good');
  tick(2_000);
  await verdict('good');
  assert.equal(asked.length, 2);
});

test('those who come at the same time share one question, and each token has its own', async (t) => {
  const { asked, verdict } = open(t);
  const said = await Promise.all(['good1', 'good2', 'good1', 'good1'].map(verdict));
  assert.deepEqual(
    said.map((claims) => claims?.sub),
    ['good1', 'good2', 'good1', 'good1'],
  );
  assert.deepEqual(asked, ['good1', 'good2']);
});

test('a question that failed is asked again by the next', async (t) => {
  const { state, verdict } = open(t);
  state.isAway = true;
  const failed = await Promise.allSettled([verdict('good'), verdict('good')]);
  assert.deepEqual(
    failed.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  state.isAway = false;
  assert.equal((await verdict('good'))?.sub, 'good');
});

test('a flood of nonsense pushes no good token out', async (t) => {
  const { asked, verdict } = open(t);
  await verdict('good');
  for (let at = 0; at <= 10_000; at += 1) await verdict(`bad${at}`);
  await verdict('good');
  assert.equal(asked.filter((token) => token === 'good').length, 1);
});

test('C02: a clock that is set back makes no yes be believed for longer', async (t) => {
  const { asked, verdict, tick } = open(t);
  await verdict('good');
  t.mock.timers.setTime(start - 600_000);
  tick(5_000);
  await verdict('good');
  assert.equal(asked.length, 2);
});
