import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { refusalOf } from './refusal.ts';

function open(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'refusal-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'kvm');
  let tried = 0;
  const ask = (finds: string | null, qemu = '7.2') =>
    refusalOf(file, qemu, async () => {
      tried += 1;
      return finds;
    });
  return { file, ask, tried: () => tried };
}

test('a KVM that was refused is not tried again at the next start', async (t) => {
  const { ask, tried } = open(t);
  assert.equal(await ask('it hangs'), 'it hangs');
  assert.equal(await ask(null), 'it hangs');
  assert.equal(tried(), 1);
});

test('another QEMU is tried, and what works is tried each time', async (t) => {
  const { ask, tried } = open(t);
  await ask('it hangs');
  assert.equal(await ask(null, '9.0'), null);
  assert.equal(await ask('it hangs', '9.0'), 'it hangs');
  assert.equal(tried(), 3);
});

test('an old refusal, and a file that is none, count for nothing', async (t) => {
  const { file, ask } = open(t);
  await ask('it hangs');
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 2 * 3_600_000 });
  assert.equal(await ask(null), null);
  writeFileSync(file, 'broken');
  assert.equal(await ask('it hangs'), 'it hangs');
});
