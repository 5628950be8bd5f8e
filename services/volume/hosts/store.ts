/** Storage hosts and their latest reports. */
import type { Knex } from 'knex';
import type { VolumeReport } from '#shared/contracts/volume-agent.ts';
import { badRequest } from '#shared/errors/fault.ts';
import type { Mark } from '#shared/hosts/presence.ts';
import type { RowOf } from '#shared/resource/attribute.ts';
import { columnsOf } from '#shared/resource/store.ts';
import { flag, json, key, text, time } from '../attributes.ts';

const hostAttributes = {
  name: key({}),
  report: json<VolumeReport>()({}),
  /** False when an administrator disabled it: the scheduler places no volume there. */
  enabled: flag({}),
  disabled_reason: text({ nullable: true }),
  /** When true, volumes and snapshots of this host cannot be created, copied or deleted. */
  frozen: flag({}),
  reported_at: time({}),
} as const;

export type Host = RowOf<typeof hostAttributes>;
const columns = columnsOf(hostAttributes);

export const listHosts = (db: Knex): Promise<Host[]> => columns.list(db('hosts').orderBy('name'));
export const listMarks = (db: Knex): Promise<Mark[]> => db('hosts').select({ host: 'name', reportedAt: 'reportedAt' });

export const findHost = (db: Knex, name: string): Promise<Host | undefined> =>
  columns.find(db('hosts').where({ name }));

/** Serializes allocations of capacity on a host until the end of the transaction. */
export async function lockHost(tx: Knex, name: string): Promise<void> {
  await tx('hosts').where({ name }).forUpdate().first('name');
}

export async function upsertReport(db: Knex, name: string, report: VolumeReport): Promise<void> {
  const reported = columns.write({ report, reportedAt: Date.now() });
  await db('hosts')
    .insert({ name, enabled: true, disabledReason: null, ...reported })
    .onConflict('name')
    .merge(reported);
}

/** Returns false when there is no such host. */
export const changeHost = async (
  db: Knex,
  name: string,
  change: Partial<Pick<Host, 'enabled' | 'disabledReason' | 'frozen'>>,
): Promise<boolean> => (await db('hosts').where({ name }).update(change)) > 0;

export async function requireThawed(db: Knex, name: string | null): Promise<void> {
  if (name !== null && (await findHost(db, name))?.frozen)
    throw badRequest('Invalid input received: Modification operations are not allowed on frozen storage backends.');
}

export async function deleteHost(db: Knex, name: string): Promise<void> {
  await db('hosts').where({ name }).delete();
}
