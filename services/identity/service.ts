import { join } from 'node:path';
import { withPolicyFile } from '#shared/auth/policy-file.ts';
import type { Identify } from '#shared/auth/trust.ts';
import type { Bus } from '#shared/bus/bus.ts';
import { openBriefly } from '#shared/clock/briefly.ts';
import { databaseOf, listenAt, readCloud } from '#shared/config/cloud.ts';
import { migrate, takeTurn } from '#shared/db/migrate.ts';
import { openDatabase } from '#shared/db/open.ts';
import { unauthorized } from '#shared/errors/fault.ts';
import { linearRegex } from '#shared/input/linear-regex.ts';
import { openSealer } from '#shared/seal/key-file.ts';
import { openDoor } from '#shared/service/door.ts';
import { edgeOf } from '#shared/service/edge.ts';
import type { Start } from '#shared/service/ground.ts';
import { trustChanged } from '#shared/service/trust.ts';
import { openRefused } from './audit/refused.ts';
import { section } from './config.ts';
import type { Identity, LdapDomains } from './context.ts';
import { keystone } from './dialect.ts';
import { openLdapDomains } from './directories/domains.ts';
import { resealOptions } from './domain-config/secrets.ts';
import { ensureKeys } from './keys/store.ts';
import { type OwnTrust, openOwnTrust } from './keys/trust.ts';
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
import { openHasher } from './passwords/hasher.ts';
import { policy, scopes } from './policy.ts';
import { routes } from './routes.ts';
import { seed } from './seed/seed.ts';
import { openTimers } from './timers.ts';

/** Puts the parts together. The doors open last and close first. */
export const start: Start = async ({ settings, log, bus, ...ground }) => {
  const cloud = readCloud(settings);
  const config = settings.read('identity', section);
  linearRegex(config.passwordRegex); // what cannot be matched stops the start, not the first password
  const sealer = openSealer(join(cloud.var, 'secrets', 'credential-keys')); // before anything is touched: it may say no
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
  ]);
  await db.transaction(async (tx) => {
    await takeTurn(tx);
    await ensureKeys(tx);
  });
  const hasher = openHasher({ memory: config.argonKib, passes: config.argonPasses, atOnce: config.hashesAtOnce });
  await resealOptions(db, sealer);
  const ldap = openLdapDomains({ db, sealer, log });
  const trust = await withDirectories(await openOwnTrust(db), ldap);
  const told = () => tell(trust, bus);
  const facts = openBriefly();
  const identity: Identity = { db, bus, log, cloud, config, hasher, facts, sealer, ldap, trust, trustChanged: told };
  await seed(identity);
  const messages = openMessages(identity, trust);
  const timers = openTimers(identity, trust);
  const closeParts = async () => {
    for (const off of messages) off();
    await Promise.all(timers.map((timer) => timer.close()));
    ldap.close();
    await db.destroy();
  };
  const identify = refusingSigned(trust);
  const opened = openDoor({
    name: 'identity',
    service: identity,
    routes,
    policy: withPolicyFile(policy, config.policyFile),
    ...(config.enforceScope ? { scopes } : {}),
    dialect: keystone,
    identify,
    log,
    validation: cloud.validation,
    refused: openRefused(),
    edge: edgeOf(cloud, config, ground),
    at: listenAt(cloud, config.listen),
  });
  const door = await opened.catch(async (error: unknown) => {
    await closeParts(); // somebody else listens there
    throw error;
  });
  const close = async () => {
    trust.news.close();
    await door.close();
    await closeParts();
  };
  return { close };
};

/** A token that an EC2 signature gave is for other services: whoever caught a signature gets nothing here. */
const refusingSigned =
  ({ identify, read }: OwnTrust): Identify =>
  async (header, requestId) => {
    const who = await identify(header, requestId);
    if ((await read(who.token)).methods.includes('ec2credential')) throw unauthorized();
    return who;
  };

/** What is new is looked at together: a domain may have got a directory, or lost it. */
async function withDirectories(own: OwnTrust, ldap: LdapDomains): Promise<OwnTrust> {
  const refresh = async () => {
    await own.refresh();
    await ldap.refresh(own.epoch());
  };
  await refresh();
  return { ...own, refresh };
}

async function tell(trust: OwnTrust, bus: Bus): Promise<void> {
  await trust.refresh();
  bus.hint(trustChanged);
}
