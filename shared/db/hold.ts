/**
 * A hold of a restored database: its rows are older than what runs on the hosts. Until an administrator accepts the restore, the
 * service starts no task, gives hosts no work, and removes nothing that its rows do not know. What hosts report meanwhile is
 * kept, so that both can be compared. The hold is a row, so that every process of the service finds it.
 */
import type { Knex } from 'knex';
import { ttlCache } from '#shared/clock/ttl-cache.ts';
import { ensureTable } from './ensure.ts';
import { isMissingTable } from './errors.ts';

export const holdTables = { holds: 'holds', reports: 'held_reports' } as const;

export async function ensureHoldTables(tx: Knex): Promise<void> {
  await ensureTable(tx, holdTables.holds, (t) => {
    t.string('reason', 255).primary();
  });
  await ensureTable(tx, holdTables.reports, (t) => {
    t.string('host', 255).primary();
    t.text('report', 'longtext').notNullable();
  });
}

const known = new WeakMap<Knex, ReturnType<typeof ttlCache>>();

/** Asked before each sweep and each task; reads the row at most once a second. */
export function isHeld(db: Knex): Promise<boolean> {
  const cache = known.get(db) ?? ttlCache();
  known.set(db, cache);
  return cache.get('held', async () => (await findHold(db)) !== undefined);
}

/** Why the database is held; undefined when it is not. */
export async function findHold(db: Knex): Promise<string | undefined> {
  try {
    return (await db(holdTables.holds).first('reason'))?.reason;
  } catch (error) {
    if (isMissingTable(error)) return undefined; // of a release without holds
    throw error;
  }
}

export const insertHold = (db: Knex, reason: string) =>
  db(holdTables.holds).insert({ reason }).onConflict('reason').ignore();

/** Accepts the restore. Idempotent. */
export async function releaseHold(db: Knex): Promise<void> {
  await db.transaction(async (tx) => {
    await tx(holdTables.reports).delete();
    await tx(holdTables.holds).delete();
  });
  known.delete(db);
}

/** Keeps what a host reports while the database is held. Properties that a report does not repeat stay. */
export async function keepHeldReport(db: Knex, host: string, report: object): Promise<void> {
  await db.transaction(async (tx) => {
    const before = await tx(holdTables.reports).where({ host }).forUpdate().first('report');
    const merged = JSON.stringify({ ...(before ? JSON.parse(before.report) : {}), ...report });
    await tx(holdTables.reports).insert({ host, report: merged }).onConflict('host').merge();
  });
}

/** By host. */
export async function listHeldReports<Report>(db: Knex): Promise<Map<string, Report>> {
  const rows: { host: string; report: string }[] = await db(holdTables.reports).orderBy('host');
  return new Map(rows.map(({ host, report }) => [host, JSON.parse(report) as Report]));
}
