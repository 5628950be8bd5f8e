/** The identity service alone, with passwords as costly as in real clouds and so many revocations of tokens of others. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryBus } from '#shared/bus/memory.ts';
import { settingsOf } from '#shared/config/settings.ts';
import { openDatabase } from '#shared/db/open.ts';
import { silentLog } from '#shared/log/log.ts';
import { insertRevocation } from '../../../services/identity/keys/store.ts';
import { start } from '../../../services/identity/service.ts';
import { freePort } from '../../fakes/identity.ts';
import { tellPort } from './told.ts';

const [revocations = '0'] = process.argv.slice(2);
const home = mkdtempSync(join(tmpdir(), 'bench-'));
process.on('exit', () => rmSync(home, { recursive: true, force: true }));
process.on('SIGTERM', () => process.exit());

mkdirSync(join(home, 'secrets'));
for (const name of ['admin', 'nova', 'cinder', 'glance', 'neutron', 'placement', 'swift'])
  writeFileSync(join(home, 'secrets', name), `${name}-password`);
const port = await freePort();
const settings = settingsOf({ cloud: { var: home }, identity: { listen: port, lockoutTries: 3 } });
await start({ settings, log: silentLog(), bus: memoryBus() });

const db = openDatabase(`sqlite:${join(home, 'db', 'identity.sqlite')}`);
await db.transaction(async (tx) => {
  const soon = Date.now() + 3_600_000;
  for (let n = 0; n < Number(revocations); n += 1)
    await insertRevocation(tx, { audit: `gone-${n}`, before: soon / 1000 }, soon);
});
await db.destroy();
tellPort(port);
