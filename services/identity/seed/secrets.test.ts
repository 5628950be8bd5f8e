import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { memoryBus } from '#shared/bus/memory.ts';
import { settingsOf } from '#shared/config/settings.ts';
import { silentLog } from '#shared/log/log.ts';
import { freePort } from '../../../test/fakes/free-port.ts';
import { seededUsers } from '../../../test/fakes/identity.ts';
import { start } from '../service.ts';

/** Starts identity with a directory of its own, on a database that may be another's; stops it again. */
async function startOnce(t: TestContext, database: string, passwordOf: (name: string) => string) {
  const home = mkdtempSync(join(tmpdir(), 'seed-'));
  t.after(() => rmSync(home, { recursive: true }));
  mkdirSync(join(home, 'secrets'));
  for (const name of seededUsers) writeFileSync(join(home, 'secrets', name), passwordOf(name));
  const listen = await freePort();
  const settings = settingsOf({ cloud: { var: home }, identity: { listen, database, argonKib: 64, argonPasses: 1 } });
  const identity = await start({ settings, log: silentLog(), bus: memoryBus() });
  await identity.close();
}

test('a controller with the secrets of another cloud does not start, and changes no password', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'seed-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const database = `sqlite:${join(folder, 'identity.sqlite')}`;
  await startOnce(t, database, (name) => `${name}-first`);
  await assert.rejects(
    startOnce(t, database, (name) => `${name}-other`),
    /the database belongs to a cloud with other secrets: the passwords of .*nova.* in var\/secrets are not those/,
  );
  await startOnce(t, database, (name) => (name === 'nova' ? 'rotated' : `${name}-first`));
});
