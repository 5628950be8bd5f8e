import { join } from 'node:path';
import type { Identify } from '#shared/auth/token-keys.ts';
import type { Bus } from '#shared/bus/bus.ts';
import { ttlCache } from '#shared/clock/ttl-cache.ts';
import { databaseOf, listenAt, readCloud } from '#shared/config/cloud.ts';
import { lockFirstRows, migrate } from '#shared/db/migrate.ts';
import { openDatabase } from '#shared/db/open.ts';
import { unauthorized } from '#shared/errors/fault.ts';
import { linearRegex } from '#shared/input/linear-regex.ts';
import { openSealer } from '#shared/seal/key-file.ts';
import { openApiServer } from '#shared/service/api-server.ts';
import { edgeOf } from '#shared/service/edge.ts';
import type { Start } from '#shared/service/runtime.ts';
import { tokenKeysChanged } from '#shared/service/token-keys.ts';
import { openRefusalRecorder } from './audit/refusals.ts';
import { section } from './config.ts';
import type { Identity, LdapDomains } from './context.ts';
import { keystone } from './dialect.ts';
import { openLdapDomains } from './directories/domains.ts';
import { resealOptions } from './domain-config/secrets.ts';
import { ensureKeys } from './keys/store.ts';
import { type OwnTokenKeys, openOwnTokenKeys } from './keys/token-keys.ts';
import { openMessages } from './messages.ts';
import { identity as tables } from './migrations/001-identity.ts';
import { delegation } from './migrations/002-delegation.ts';
import { resources } from './migrations/003-resources.ts';
import { federation } from './migrations/004-federation.ts';
import { audit } from './migrations/005-audit.ts';
import { oauth } from './migrations/007-oauth.ts';
import { directories } from './migrations/008-directories.ts';
import { revocationEpochs } from './migrations/009-revocation-epochs.ts';
import { usedOnce } from './migrations/010-used-once.ts';
import { seededEndpoints } from './migrations/011-seeded-endpoints.ts';
import { serviceRoles } from './migrations/012-service-roles.ts';
import { listIndexes } from './migrations/013-list-indexes.ts';
import { openHasher } from './passwords/hasher.ts';
import { policy } from './policy.ts';
import { routes } from './routes.ts';
import { seed } from './seed/seed.ts';
import { openTimers } from './timers.ts';

/** Starts the service. The API opens last and closes first. */
export const start: Start = async ({ settings, log, bus, ...runtime }) => {
  const cloud = readCloud(settings);
  const config = settings.read('identity', section);
  linearRegex(config.passwordRegex); // an invalid expression stops the start, not the first password
  const sealer = openSealer(join(cloud.var, 'secrets', 'credential-keys')); // may throw: before the database is touched
  const db = openDatabase(config.database || databaseOf(cloud, 'identity'));
  await migrate(db, [
    tables,
    delegation,
    resources,
    federation,
    audit,
    oauth,
    directories,
    revocationEpochs,
    usedOnce,
    seededEndpoints,
    serviceRoles,
    listIndexes,
  ]);
  await db.transaction(async (tx) => {
    await lockFirstRows(tx);
    await ensureKeys(tx);
  });
  const hasher = openHasher({ memory: config.argonKib, passes: config.argonPasses, atOnce: config.hashesAtOnce });
  await resealOptions(db, sealer);
  const ldap = openLdapDomains({ db, sealer, log });
  const tokenKeys = await withDirectories(await openOwnTokenKeys(db), ldap);
  const notifyChanged = () => refreshAndNotify(tokenKeys, bus);
  const facts = ttlCache();
  const identity: Identity = {
    db,
    bus,
    log,
    cloud,
    config,
    hasher,
    facts,
    sealer,
    ldap,
    tokenKeys,
    tokenKeysChanged: notifyChanged,
  };
  await seed(identity).catch(async (error: unknown) => {
    tokenKeys.changes.close(); // the secrets are those of another cloud, for example
    ldap.close();
    await db.destroy();
    throw error;
  });
  const messages = openMessages(identity, tokenKeys);
  const timers = openTimers(identity, tokenKeys);
  const closeParts = async () => {
    for (const off of messages) off();
    await Promise.all(timers.map((timer) => timer.close()));
    ldap.close();
    await db.destroy();
  };
  const identify = refusingSigned(tokenKeys);
  const starting = openApiServer({
    name: 'identity',
    service: identity,
    routes,
    policy,
    policySettings: config,
    dialect: keystone,
    identify,
    log,
    validation: cloud.validation,
    refused: openRefusalRecorder(),
    edge: edgeOf(cloud, config, runtime),
    at: listenAt(cloud, config.listen),
  });
  const api = await starting.catch(async (error: unknown) => {
    await closeParts(); // the address is in use, for example
    throw error;
  });
  const close = async () => {
    tokenKeys.changes.close();
    await api.close();
    await closeParts();
  };
  return { close };
};

/**
 * Refuses tokens made from an EC2 signature: they are for other services, so that a captured signature is of no use
 * here.
 */
const refusingSigned =
  ({ identify, read }: OwnTokenKeys): Identify =>
  async (header, requestId) => {
    const caller = await identify(header, requestId);
    if ((await read(caller.token)).methods.includes('ec2credential')) throw unauthorized();
    return caller;
  };

/** Refreshes keys, revocations and the LDAP directories of domains at once. */
async function withDirectories(own: OwnTokenKeys, ldap: LdapDomains): Promise<OwnTokenKeys> {
  const refresh = async () => {
    await own.refresh();
    await ldap.refresh(own.epoch());
  };
  await refresh();
  return { ...own, refresh };
}

async function refreshAndNotify(tokenKeys: OwnTokenKeys, bus: Bus): Promise<void> {
  await tokenKeys.refresh();
  bus.notify(tokenKeysChanged);
}
