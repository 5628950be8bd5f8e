/** Every advisory of identity's concern has a test that names it, or a sentence that says why it has none. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { concern, withoutTest } from './concern.ts';

const names = ['test', 'services/identity', 'shared']
  .flatMap((root) => readdirSync(root, { recursive: true, encoding: 'utf8' }).map((name) => `${root}/${name}`))
  .filter((file) => file.endsWith('.test.ts'))
  .flatMap((file) => [
    ...readFileSync(file, 'utf8').matchAll(/^\s*(?:test\(|check\()?\s*['"`]((?:OSSA|OSSN|FIX|DEP)-.*)/gm),
  ])
  .map(([, name = '']) => name);
const tested = new Set(names.flatMap((name) => (name.split(':')[0] ?? '').split(/,\s*/)));

test('no advisory is forgotten, and none has both a test and an excuse', () => {
  assert.equal(new Set(concern).size, concern.length, 'each once');
  assert.deepEqual(
    concern.filter((id) => !tested.has(id) && !(id in withoutTest)),
    [],
    'neither a test nor a reason',
  );
  assert.deepEqual(
    Object.keys(withoutTest).filter((id) => tested.has(id) || !concern.includes(id)),
    [],
    'a reason that is not needed',
  );
  assert.deepEqual(
    [...tested].filter((id) => /^(OSSA-\d|OSSN-\d|FIX-K|DEP-)/.test(id) && !concern.includes(id)),
    [],
    'a test of what is not listed',
  );
});

test('names and reasons are written as such', () => {
  for (const id of concern) assert.match(id, /^(OSSA-20\d\d-\d{3}|OSSN-\d{4}|FIX-K[SM]-[\dA-Z-]+|DEP-[\dA-Z-]+)$/);
  for (const reason of Object.values(withoutTest)) assert.match(reason, /^[A-Z][^\n]{30,}\.$/);
});
