/** The package under a real systemd: npm run test:package. Minutes on an idle machine; each step is printed as it ends. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildDeb } from '../../deploy/package/build-deb.ts';
import { canEmulate } from './guest.ts';
import { makeMachine, runMachine } from './machine.ts';
import { build, expectSteps, say } from './steps.ts';

test('the package of a commit has the same bytes each time', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'same-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const digests = [];
  for (const output of ['one', 'other'].map((name) => join(folder, name))) {
    mkdirSync(output);
    const file = await buildDeb({ commit: 'HEAD', output, compression: 'gzip' });
    digests.push(createHash('sha256').update(readFileSync(file)).digest('hex'));
  }
  assert.equal(digests[0], digests[1]);
});

test('the package runs under a systemd in namespaces: start, kill -9, reboot, upgrade, removal', {
  skip: canEmulate,
}, async (t) => {
  const { folder, deb } = await build(t);
  await expectSteps(runMachine(t, await makeMachine(folder, deb, say)));
});
