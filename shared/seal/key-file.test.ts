import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openSealer } from './key-file.ts';

function fileFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'seal-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'credential-keys');
}

test('sealed text can be opened after a restart, and not after a modification', (t) => {
  const file = fileFor(t);
  const { sealed, keyId } = openSealer(file).seal('the secret');
  assert.ok(!sealed.includes('secret'));
  assert.equal(openSealer(file).open(sealed, keyId), 'the secret');
  const touched = sealed.replace(/.$/, (letter) => (letter === 'A' ? 'B' : 'A'));
  assert.throws(() => openSealer(file).open(`${touched.slice(0, 40)}x${touched.slice(41)}`, keyId));
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('after a rotation the new key seals and the old one still opens', (t) => {
  const sealer = openSealer(fileFor(t));
  const before = sealer.seal('old');
  sealer.rotate();
  assert.notEqual(sealer.seal('new').keyId, before.keyId);
  assert.equal(sealer.open(before.sealed, before.keyId), 'old');
});

test('R15: a file that is truncated or readable by others stops the start and is not changed', (t) => {
  const file = fileFor(t);
  openSealer(file);
  chmodSync(file, 0o644);
  assert.throws(() => openSealer(file), /chmod 600/);
  chmodSync(file, 0o600);
  for (const size of [40, 0]) {
    truncateSync(file, size);
    assert.throws(() => openSealer(file), /is damaged/);
    assert.equal(readFileSync(file).length, size);
  }
});
