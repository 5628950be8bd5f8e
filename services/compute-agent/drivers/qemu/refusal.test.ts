import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { cachedRefusal } from './refusal.ts';

function open(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'refusal-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'kvm');
  let probes = 0;
  const getRefusal = (finds: string | null, qemu = '7.2') =>
    cachedRefusal(file, qemu, async () => {
      probes += 1;
      return finds;
    });
  return { file, getRefusal, probes: () => probes };
}

test('a KVM that was refused is not probed again at the next start', async (t) => {
  const { getRefusal, probes } = open(t);
  assert.equal(await getRefusal('it hangs'), 'it hangs');
  assert.equal(await getRefusal(null), 'it hangs');
  assert.equal(probes(), 1);
});

test('another version of QEMU is probed, and a success is probed each time', async (t) => {
  const { getRefusal, probes } = open(t);
  await getRefusal('it hangs');
  assert.equal(await getRefusal(null, '9.0'), null);
  assert.equal(await getRefusal('it hangs', '9.0'), 'it hangs');
  assert.equal(probes(), 3);
});

test('an expired refusal and an invalid file are ignored', async (t) => {
  const { file, getRefusal } = open(t);
  await getRefusal('it hangs');
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 2 * 3_600_000 });
  assert.equal(await getRefusal(null), null);
  writeFileSync(file, 'broken');
  assert.equal(await getRefusal('it hangs'), 'it hangs');
});
