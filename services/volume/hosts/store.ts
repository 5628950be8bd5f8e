/** Storage hosts and their latest reports. */
import type { Knex } from 'knex';
import type { VolumeReport } from '#shared/contracts/volume-agent.ts';
import { badRequest } from '#shared/errors/fault.ts';

export interface Host {
  readonly name: string;
  readonly report: VolumeReport;
  /** False when an administrator disabled it: the scheduler places no volume there. */
  readonly enabled: boolean;
  readonly disabledReason: string | null;
  /** When true, volumes and snapshots of this host cannot be created, copied or deleted. */
  readonly frozen: boolean;
  readonly reportedAt: number;
}

const fromRow = (row: Record<string, unknown>): Host =>
  ({ ...row, report: JSON.parse(String(row.report)), reportedAt: Number(row.reportedAt) }) as unknown as Host;

export const listHosts = async (db: Knex): Promise<Host[]> => (await db('hosts').orderBy('name')).map(fromRow);

export async function findHost(db: Knex, name: string): Promise<Host | undefined> {
  const row = await db('hosts').where({ name }).first();
  return row ? fromRow(row) : undefined;
}

/** Serializes allocations of capacity on a host until the end of the transaction. */
export async function lockHost(tx: Knex, name: string): Promise<void> {
  await tx('hosts').where({ name }).forUpdate().first('name');
}

export async function upsertReport(db: Knex, name: string, report: VolumeReport): Promise<void> {
  const columns = { report: JSON.stringify(report), reportedAt: Date.now() };
  await db('hosts')
    .insert({ name, enabled: true, disabledReason: null, ...columns })
    .onConflict('name')
    .merge(columns);
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
