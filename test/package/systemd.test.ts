/** The package under a real systemd: npm run test:package. Minutes on an idle machine; each step is printed as it ends. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildDeb } from '../../deploy/package/build-deb.ts';
import { boot, canEmulate, makeDisk } from './guest.ts';

const say = (text: string) => void process.stdout.write(`  ${text}\n`);

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

test('the package runs under systemd: start, kill -9, reboot, upgrade, removal', { skip: canEmulate }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'guest-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const deb = await buildDeb({ commit: 'HEAD', output: folder, compression: 'gzip' });
  const disk = await makeDisk(folder, deb, say);
  const steps: string[] = [];
  for await (const said of boot(t, disk)) {
    say(said);
    steps.push(said);
  }
  assert.equal(steps.at(-1), 'end');
  assert.deepEqual(
    steps.filter((step) => step.startsWith('failed')),
    [],
  );
  assert.ok(steps.filter((step) => step.startsWith('ok')).length >= 14);
});
