import type { Knex } from 'knex';
import type { Caller } from '#shared/auth/caller.ts';
import type { Query } from '#shared/db/page.ts';
import { acquire, type Owned } from '#shared/states/owned.ts';
import { allowedBy } from '../listing/store.ts';
import { type Metadata, type Volume, volumeRows } from './resource.ts';
import { volumeTransitions } from './states.ts';

/** Throws 404 for a volume that the caller may not see. */
export const getVolume = (db: Knex, caller: Caller, id: string): Promise<Volume> =>
  volumeRows.get(db, id, allowedBy(caller, 'volume:get'));

/** Makes the task the owner of the volume; returns false when the status does not allow it. */
export const acquireVolume = (tx: Knex, verb: keyof typeof volumeTransitions, owned: Owned): Promise<boolean> =>
  acquire<Volume>(tx, 'volumes', owned, volumeTransitions[verb]);

/** Ids of volumes whose creation is copying this volume or snapshot. */
export const listCopiesUnderWay = async (
  tx: Knex,
  of: { sourceVolumeId: string } | { snapshotId: string },
): Promise<string[]> =>
  tx('volumes')
    .where({ ...of })
    .whereIn('status', ['creating', 'downloading'])
    .whereNotNull('taskId')
    .pluck('id');

interface Sums {
  readonly count: number;
  readonly gigabytes: number;
}
export type HostUsage = Sums & { readonly projectId: string };
export type TypeUsage = Sums & { readonly typeId: string };

/** What a volume counts during an extend is its new size. */
const sizes = { volumes: 'sum(coalesce(grow_to_gb, size_gb))', snapshots: 'sum(size_gb)' };
type Sized = keyof typeof sizes;

const sumsBy = async (db: Knex, table: Sized, column: string, where: object): Promise<Record<string, unknown>[]> =>
  db(table)
    .where(where)
    .groupBy(column)
    .orderBy(column)
    .select(column, db.raw(`count(*) as count, ${sizes[table]} as gigabytes`));

const numbers = ({ count, gigabytes }: Record<string, unknown>): Sums => ({
  count: Number(count),
  gigabytes: Number(gigabytes),
});

/** What each project has on a host. */
export const usageOnHost = async (db: Knex, table: Sized, host: string): Promise<HostUsage[]> =>
  (await sumsBy(db, table, 'projectId', { host })).map((row) => ({
    projectId: String(row.projectId),
    ...numbers(row),
  }));

/** Usage of a project per volume type, for its quota. */
export const usageByType = async (db: Knex, table: Sized, projectId: string): Promise<TypeUsage[]> =>
  (await sumsBy(db, table, 'typeId', { projectId })).map((row) => ({ typeId: String(row.typeId), ...numbers(row) }));

/** Gigabytes allocated to volumes and snapshots, and to volumes that are moving there, by host. */
export async function promisedGb(db: Knex): Promise<ReadonlyMap<string, number>> {
  const sums = new Map<string, number>();
  for (const [table, column] of [
    ['volumes', 'host'],
    ['snapshots', 'host'],
    ['volumes', 'targetHost'],
  ] as const)
    for (const row of await sumsBy(db, table, column, (query: Knex.QueryBuilder) => void query.whereNotNull(column)))
      sums.set(String(row[column]), (sums.get(String(row[column])) ?? 0) + Number(row.gigabytes));
  return sums;
}

/** Of the volumes that the caller lists: how many, how large, and every value of every key of their metadata. */
export async function sumOf(db: Knex, visible: (query: Query) => void) {
  const [sums] = await db('volumes').where(visible).count({ count: '*' }).sum({ sizeGb: 'sizeGb' });
  const texts: string[] = await db('volumes').where(visible).whereNot('metadata', '{}').distinct().pluck('metadata');
  const values = new Map<string, Set<string>>();
  for (const [key, value] of texts.flatMap((each) => Object.entries(JSON.parse(each) as Metadata)))
    values.set(key, (values.get(key) ?? new Set()).add(value));
  const metadata = Object.fromEntries([...values].map(([key, all]) => [key, [...all]]));
  return { count: Number(sums?.count ?? 0), sizeGb: Number(sums?.sizeGb ?? 0), metadata };
}
