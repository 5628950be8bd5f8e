/** Never two guests of one server: where a guest may still be that compute wants gone. */
import type { Knex } from 'knex';
import { conflict } from '#shared/errors/fault.ts';
import { isOpenWork } from '#shared/hosts/work.ts';
import { agentBinary, listServices } from '../hosts/store.ts';
import { listUncleanMigrations } from '../server-migrations/store.ts';

/** True when a host other than `host` was told to remove the guest, has not done it yet, and is not fenced. */
export async function mayRunElsewhere(db: Knex, serverId: string, host: string): Promise<boolean> {
  const moves = await listUncleanMigrations(db, serverId);
  const evacuated = moves.filter(({ type }) => type === 'evacuation').map(({ sourceHost }) => sourceHost);
  const others = new Set(moves.flatMap(({ sourceHost, destHost }) => [sourceHost, destHost ?? sourceHost]));
  for (const other of others)
    if (other !== host && !evacuated.includes(other) && (await isUnsure(db, serverId, other))) return true;
  return false;
}

/** The host was told to remove the guest, and has not done it yet: it does not own it any more, whatever the row says. */
export const isOrderedGone = (db: Knex, serverId: string, host: string): Promise<boolean> =>
  isOpenWork(db, { host, subject: serverId, verb: 'ensureGuestGone' });

/** A host that an administrator forced down is one that he has fenced, as in Nova; so is one that he evacuated. */
async function isUnsure(db: Knex, serverId: string, host: string): Promise<boolean> {
  if (!(await isOrderedGone(db, serverId, host))) return false;
  const [service] = await listServices(db, { binary: agentBinary, host });
  return !(service?.forcedDown || service?.fencedAt != null);
}

/** Throws 409 when a guest of the server may still be on another host. */
export async function refuseSecondGuest(db: Knex, serverId: string, host: string): Promise<void> {
  if (!(await mayRunElsewhere(db, serverId, host))) return;
  throw conflict(
    `Instance ${serverId} may still run on another host, which does not answer: it starts when that host has removed it, or was forced down.`,
  );
}
