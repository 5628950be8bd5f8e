import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isDiskShort, openReserve, spendReserves } from './reserve.ts';

test('the reserve is deleted once, the disk counts as short, and the reserve is created again when there is space', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'reserve-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'reserve');
  const back = Promise.withResolvers<void>();
  const onChange = (isShort: boolean) => void (isShort || back.resolve());
  const reserve = openReserve({ file, bytes: 3_000_000, lookMs: 5, onChange });
  t.after(reserve.close);
  assert.equal(statSync(file).size, 3_000_000);
  assert.equal(isDiskShort(), false);
  assert.equal(spendReserves(), true);
  assert.deepEqual([spendReserves(), isDiskShort(), existsSync(file)], [false, true, false]);
  await back.promise;
  assert.deepEqual([isDiskShort(), statSync(file).size], [false, 3_000_000]);
});
