/** Identity with the default cost of password hashes, many users, and a number of revocations of other tokens. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { memoryBus } from '#shared/bus/memory.ts';
import { settingsOf } from '#shared/config/settings.ts';
import { openDatabase } from '#shared/db/open.ts';
import { silentLog } from '#shared/log/log.ts';
import { insertRevocation } from '../../../services/identity/keys/store.ts';
import { insertProject } from '../../../services/identity/projects/store.ts';
import { start } from '../../../services/identity/service.ts';
import { newUser, user } from '../../../services/identity/users/resource.ts';
import { freePort } from '../../fakes/free-port.ts';
import { manyUsers } from '../keystone.ts';
import { ownFolder, serveFigures } from './measured.ts';

const [users = '0', revocations = '0'] = process.argv.slice(2);
const home = ownFolder();

mkdirSync(join(home, 'secrets'));
for (const name of ['admin', 'nova', 'cinder', 'glance', 'neutron', 'placement', 'swift'])
  writeFileSync(join(home, 'secrets', name), `${name}-password`);
const port = await freePort();
const settings = settingsOf({ cloud: { var: home }, identity: { listen: port, lockoutTries: 3 } });
await start({ settings, log: silentLog(), bus: memoryBus() });

const db = openDatabase(`sqlite:${join(home, 'db', 'identity.sqlite')}`);
const { domain } = manyUsers;
await db.transaction(async (tx) => {
  const soon = Date.now() + 3_600_000;
  for (let n = 0; n < Number(revocations); n += 1)
    await insertRevocation(tx, { audit: `gone-${n}`, before: soon / 1000 }, soon);
  await insertProject(tx, {
    id: domain,
    name: domain,
    domainId: domain,
    parentId: null,
    isDomain: true,
    enabled: true,
    description: '',
    options: {},
    extra: {},
  });
  for (let n = 0; n < Number(users); n += 1)
    await user.rows.insert(tx, {
      ...newUser(`user-${n}`, `user-${n}`, domain),
      extra: { email: `user-${n}@example.org` },
    });
});
await db.destroy();
serveFigures(port);
