import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ledger } from './ledger.ts';
import { randomOf } from './random.ts';

test('after a failed request both results are right, until the next acknowledged one', () => {
  const ledger = new Ledger<string>();
  assert.deepEqual(ledger.expected('a', 'gone'), ['gone']);
  ledger.acknowledge('a', 'first');
  ledger.mayBe('a', 'second');
  assert.ok(ledger.allows('a', 'first', 'gone') && ledger.allows('a', 'second', 'gone'));
  assert.ok(!ledger.allows('a', 'gone', 'gone'));
  ledger.acknowledge('a', 'third');
  assert.deepEqual(ledger.expected('a', 'gone'), ['third']);
});

test('a seed repeats the choices', () => {
  const choices = () => {
    const random = randomOf(7);
    return [random.below(1000), random.branch('x').below(1000), random.pick(['a', 'b', 'c'])];
  };
  assert.deepEqual(choices(), choices());
  assert.notEqual(randomOf(1).below(2 ** 31), randomOf(2).below(2 ** 31));
});
