import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inheritedWords, own } from './own.ts';

test('own finds own properties of a table and no inherited ones', () => {
  const table = { name: 1 };
  assert.equal(own(table, 'name'), 1);
  assert.ok(inheritedWords.includes('__proto__'));
  for (const word of [...inheritedWords, 'other', undefined]) assert.equal(own(table, word), undefined);
});
