/** Each published advisory has a test that names it, or a sentence that explains why it does not apply. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { advisories } from './list.ts';
import { namedInTitles } from './titles.ts';

const folder = join(import.meta.dirname, 'reasons');
const files = readdirSync(folder).filter((file) => file.endsWith('.ts'));
const given = await Promise.all(
  files.map(async (file) => (await import(join(folder, file))).reasons as Readonly<Record<string, string>>),
);
const reasoned = given.flatMap((reasons) => Object.keys(reasons));
const tested = namedInTitles(/^(OSSA|OSSN|FIX|DEP)-/);
const ids = advisories.map(({ id }) => id);

test('the list names each advisory once, with its service and its kind', () => {
  assert.equal(ids.length, 278);
  assert.equal(new Set(ids).size, ids.length);
  for (const { id, service, kind } of advisories) {
    assert.match(id, /^(OSSA-20\d\d-\d{3}|OSSN-\d{4}|FIX-[\dA-Z-]+|DEP-[\dA-Z-]+)$/);
    assert.ok(service && kind, id);
  }
});

test('every advisory has a test or a reason', (t) => {
  const missing = ids.filter((id) => !tested.has(id) && !reasoned.includes(id));
  t.diagnostic(
    `advisories ${ids.length - missing.length}/${ids.length}: ${tested.size} tested, ${reasoned.length} reasoned`,
  );
  assert.deepEqual(missing, [], 'neither a test nor a reason');
});

test('a reason is one sentence, for a listed advisory without a test', () => {
  assert.deepEqual(
    reasoned.filter((id, at) => reasoned.indexOf(id) !== at),
    [],
    'two reasons',
  );
  const needless = reasoned.filter((id) => tested.has(id) || !ids.includes(id));
  assert.deepEqual(needless, [], 'a reason for an advisory that has a test or is not listed');
  for (const reason of given.flatMap((reasons) => Object.values(reasons))) assert.match(reason, /^[A-Z][^\n]{30,}\.$/);
});

test('every advisory in a test title is in the list', () => {
  assert.deepEqual(
    [...tested].filter((id) => !ids.includes(id)),
    [],
  );
});
