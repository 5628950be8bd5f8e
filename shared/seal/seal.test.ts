import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openProperties, sealProperties, sealWith } from './seal.ts';

function sealOf(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'seal-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return sealWith(join(folder, 'row-keys'));
}

test('sealed text can be opened, plain text of an older row stays, and modified text is refused', (t) => {
  const seal = sealOf(t);
  const sealed = seal.seal('the secret');
  assert.ok(!sealed.includes('secret'));
  assert.equal(seal.open(sealed), 'the secret');
  assert.equal(seal.open('the secret'), 'the secret');
  assert.throws(() => seal.open(sealed.slice(0, -6)));
  assert.throws(() => sealOf(t).open(sealed), /the key .* is not in/);
});

test('named properties are sealed at any depth and of any type, the others stay readable', (t) => {
  const seal = sealOf(t);
  const spec = {
    id: 'a',
    drive: { 'meta.json': '{}' },
    disks: [
      { id: 'b', secret: 'chap' },
      { id: 'c', secret: null },
    ],
  };
  const row = JSON.stringify(sealProperties(spec, ['secret', 'drive'], seal));
  assert.match(row, /"id":"b"/);
  assert.doesNotMatch(row, /chap|meta\.json/);
  assert.deepEqual(openProperties(JSON.parse(row), ['secret', 'drive'], seal), spec);
  assert.deepEqual(openProperties(spec, ['secret', 'drive'], seal), spec, 'what an older version wrote');
});
