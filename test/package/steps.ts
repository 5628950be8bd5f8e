/** The package of the commit, and what the script in a machine says of its steps. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { buildDeb } from '../../deploy/package/build-deb.ts';

export const say = (text: string): void => void process.stdout.write(`  ${text}\n`);

/** What each step of the script says, with a line per step as it ends. */
export async function expectSteps(lines: AsyncIterable<string>): Promise<void> {
  const steps: string[] = [];
  for await (const said of lines) {
    say(said);
    steps.push(said);
  }
  assert.equal(steps.at(-1), 'end');
  assert.deepEqual(
    steps.filter((step) => step.startsWith('failed')),
    [],
  );
  assert.equal(steps.filter((step) => step.startsWith('ok')).length, 14);
}

export async function build(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'machine-'));
  chmodSync(folder, 0o755);
  t.after(() => rmSync(folder, { recursive: true }));
  return { folder, deb: await buildDeb({ commit: 'HEAD', output: folder, compression: 'gzip' }) };
}
