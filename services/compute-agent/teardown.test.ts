import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { access } from 'node:fs/promises';
import { test } from 'node:test';
import { settingsOf } from '#shared/config/settings.ts';
import { silentLog } from '#shared/log/log.ts';
import { exampleHost, guestSpec } from '../../test/fakes/compute-host.ts';
import { purge, teardown } from './teardown.ts';

const skip = spawnSync('qemu-system-x86_64', ['--version']).status !== 0 && 'qemu-system-x86_64 is not installed';

test('teardown stops the guests of a host and keeps them; purge removes everything', { skip }, async (t) => {
  const { stateDir, open } = await exampleHost(t);
  const hypervisor = await open();
  const spec = guestSpec({ power: 'paused' });
  await hypervisor.ensureGuest(spec);
  await hypervisor.close();
  const runtime = { settings: settingsOf({ 'compute-agent': { directory: stateDir } }), log: silentLog() };
  await teardown(runtime);
  const after = await open();
  await after.recover(async () => 'off');
  assert.equal(after.guests().length, 1);
  await after.close();
  await purge(runtime);
  await assert.rejects(access(stateDir), { code: 'ENOENT' });
  await teardown(runtime);
});
