import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runTempest } from '../tempest/run.ts';
import { suites } from '../tempest/suites.ts';

test("Tempest's identity tests pass, all that pass on Keystone", async (t) => {
  const suite = suites.identity;
  assert.ok(suite);
  const { passed, skipped, failed } = await runTempest({ suite, number: 63, print: (text) => t.diagnostic(text) });
  t.diagnostic(`${passed.length} passed, ${skipped.length} skipped`);
  assert.deepEqual(failed, []);
  assert.ok(skipped.length <= 2, skipped.join());
  assert.ok(passed.length >= 134, `${passed.length} passed`);
});
