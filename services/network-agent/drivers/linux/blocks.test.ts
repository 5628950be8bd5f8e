import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Block, changeText, wholeText } from './blocks.ts';

const chain = (name: string, lines: string[], head = ''): Block => ({
  family: 'inet',
  kind: 'chain',
  name,
  head,
  lines,
});
const set = (name: string, lines: string[], head = 'type ipv4_addr'): Block => ({
  family: 'inet',
  kind: 'set',
  name,
  head,
  lines,
});

test('the whole replaces both tables in one go', () => {
  const text = wholeText('wabcd', [chain('a', ['accept'])]);
  assert.match(text, /table inet wabcd\ndelete table inet wabcd\ntable inet wabcd \{\nchain a \{\naccept\n\}/);
  assert.match(text, /delete table bridge wabcd/);
});

test('a change says only what differs, in an order that holds at each line', () => {
  const before = [
    set('s', ['1.1.1.1']),
    chain('old', ['accept']),
    chain('kept', ['drop']),
    chain('main', ['jump old']),
  ];
  const after = [
    set('s', ['1.1.1.2']),
    chain('kept', ['drop']),
    chain('new', ['ip saddr @s accept']),
    chain('main', ['jump new']),
  ];
  assert.deepEqual(changeText('t', before, after)?.trim().split('\n'), [
    'add chain inet t new {  }',
    'flush set inet t s',
    'flush chain inet t main',
    'flush chain inet t old',
    'add element inet t s { 1.1.1.2 }',
    'add rule inet t new ip saddr @s accept',
    'add rule inet t main jump new',
    'delete chain inet t old',
  ]);
});

test('no difference is no change', () => {
  assert.equal(changeText('t', [chain('a', ['drop'])], [chain('a', ['drop'])]), '');
});

test('a set of another type cannot be a change', () => {
  assert.equal(changeText('t', [set('s', [])], [set('s', [], 'type ipv4_addr\nflags interval')]), null);
});
