import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Block, changeText, rulesetText } from './blocks.ts';

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

test('rulesetText replaces both tables in one transaction', () => {
  const text = rulesetText('wabcd', [chain('a', ['accept'])]);
  assert.match(text, /table inet wabcd\ndelete table inet wabcd\ntable inet wabcd \{\nchain a \{\naccept\n\}/);
  assert.match(text, /delete table bridge wabcd/);
});

test('changeText has only what differs, in an order in which each line is valid', () => {
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

test('changeText of equal rulesets is empty', () => {
  assert.equal(changeText('t', [chain('a', ['drop'])], [chain('a', ['drop'])]), '');
});

test('a changed type of a set needs a full replacement', () => {
  assert.equal(changeText('t', [set('s', [])], [set('s', [], 'type ipv4_addr\nflags interval')]), null);
});
