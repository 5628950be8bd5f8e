import type { Knex } from 'knex';
import { type Caller, isAdmin } from '#shared/auth/caller.ts';
import type { Query } from '#shared/db/page.ts';
import { notFound } from '#shared/errors/fault.ts';
import { acquire, type Owned, updateOwned } from '#shared/states/owned.ts';
import { type VolumeStatus, volumeTransitions } from './states.ts';

export type Metadata = Readonly<Record<string, string>>;

export interface Volume extends Owned {
  readonly projectId: string;
  readonly userId: string;
  readonly name: string | null;
  readonly description: string | null;
  readonly sizeGb: number;
  /** The new size during an extend; capacity and quota count it. */
  readonly growToGb: number | null;
  readonly status: VolumeStatus;
  readonly previousStatus: VolumeStatus | null;
  /** The host of its data; null until the scheduler chose one. */
  readonly host: string | null;
  readonly hostId: string | null;
  readonly pool: string | null;
  readonly driver: string | null;
  readonly typeId: string;
  readonly zone: string;
  readonly bootable: boolean;
  readonly multiattach: boolean;
  readonly readOnly: boolean;
  /** True once os-update_readonly_flag was called; then the metadata shows `readonly`. */
  readonly readOnlyTold: boolean;
  readonly snapshotId: string | null;
  readonly sourceVolumeId: string | null;
  readonly imageId: string | null;
  readonly metadata: Metadata;
  /** Attributes of the source image; null when there is none. */
  readonly imageMetadata: Metadata | null;
  /** The scheduler's decision: every pool with its refusal or weight. */
  readonly choice: unknown;
  readonly createdAt: number;
  readonly updatedAt: number | null;
}

const jsonColumns = ['metadata', 'imageMetadata', 'choice'] as const;

/** Dictionaries are stored as JSON text. */
function toRow(volume: Partial<Volume>): Record<string, unknown> {
  const texts = jsonColumns
    .filter((key) => volume[key] !== undefined)
    .map((key) => [key, volume[key] === null ? null : JSON.stringify(volume[key])]);
  return { ...volume, ...Object.fromEntries(texts) };
}

export function volumeOf(row: Record<string, unknown>): Volume {
  const texts = jsonColumns.map((key) => [key, row[key] === null ? null : JSON.parse(String(row[key]))]);
  const times = { createdAt: Number(row.createdAt), updatedAt: row.updatedAt === null ? null : Number(row.updatedAt) };
  return { ...row, ...Object.fromEntries(texts), ...times } as unknown as Volume;
}

export const insertVolume = (tx: Knex, volume: Volume) => tx('volumes').insert(toRow(volume));

export const removeVolume = (tx: Knex, owned: Owned) =>
  tx('volumes')
    .where({ ...owned })
    .delete();

/** Throws 404 for a volume of another project, unless the caller is an administrator. */
export async function getVolume(db: Knex, caller: Caller, id: string): Promise<Volume> {
  const volume = await findVolume(db, id);
  if (!volume || (!isAdmin(caller) && volume.projectId !== caller.projectId)) throw notFound('Volume', id);
  return volume;
}

/** Of any project: for workflows. */
export async function findVolume(db: Knex, id: string): Promise<Volume | undefined> {
  const row = await db('volumes').where({ id }).first();
  return row ? volumeOf(row) : undefined;
}

/** Reads and locks the row until the end of the transaction. */
export async function lockVolume(tx: Knex, id: string): Promise<Volume | undefined> {
  const row = await tx('volumes').where({ id }).forUpdate().first();
  return row ? volumeOf(row) : undefined;
}

export async function getOwnedVolume(db: Knex, { id, taskId }: Owned): Promise<Volume> {
  const volume = await findVolume(db, id);
  if (!volume || volume.taskId !== taskId) throw new Error(`volume ${id} does not belong to task ${taskId}`);
  return volume;
}

export interface HostUsage {
  readonly projectId: string;
  readonly count: number;
  readonly sizeGb: number;
}

/** What each project has on a host. */
export async function usageOnHost(db: Knex, table: 'volumes' | 'snapshots', host: string): Promise<HostUsage[]> {
  const sums = await db(table)
    .where({ host })
    .groupBy('projectId')
    .orderBy('projectId')
    .select('projectId')
    .count({ count: '*' })
    .sum({ sizeGb: 'sizeGb' });
  const numbers = sums as unknown as readonly { projectId: string; count: unknown; sizeGb: unknown }[];
  return numbers.map(({ projectId, count, sizeGb }) => ({ projectId, count: Number(count), sizeGb: Number(sizeGb) }));
}

/** A filter by host: its name, or all of `host@driver#pool`. */
export function onHost(query: Query, value: string): void {
  const [, host = value, driver, pool] = value.match(/^([^@]*)@([^#]*)#(.*)$/s) ?? [];
  query.where(driver === undefined ? { host } : { host, driver, pool });
}

/** A filter by type: its id or its name. */
export const ofType = (query: Query, value: string): void =>
  void query.where((either: Query) =>
    either
      .where('typeId', value)
      .orWhereIn('typeId', (names: Query) => names.from('volumeTypes').where({ name: value }).select('id')),
  );

/** Of a project, or of all projects with null: how many, how large, and every value of every key of their metadata. */
export async function sumOf(db: Knex, projectId: string | null) {
  const scope = projectId === null ? {} : { projectId };
  const [sums] = await db('volumes').where(scope).count({ count: '*' }).sum({ sizeGb: 'sizeGb' });
  const texts: string[] = await db('volumes').where(scope).whereNot('metadata', '{}').distinct().pluck('metadata');
  const values = new Map<string, Set<string>>();
  for (const [key, value] of texts.flatMap((each) => Object.entries(JSON.parse(each) as Metadata)))
    values.set(key, (values.get(key) ?? new Set()).add(value));
  const metadata = Object.fromEntries([...values].map(([key, all]) => [key, [...all]]));
  return { count: Number(sums?.count ?? 0), sizeGb: Number(sums?.sizeGb ?? 0), metadata };
}

export const isTypeUsed = async (db: Knex, typeId: string): Promise<boolean> =>
  (await db('volumes').where({ typeId }).first('id')) !== undefined;

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

/** Gigabytes allocated to volumes and snapshots, by host. */
export async function promisedGb(db: Knex): Promise<ReadonlyMap<string, number>> {
  const sums = new Map<string, number>();
  for (const [table, size] of [
    ['volumes', 'coalesce(grow_to_gb, size_gb)'],
    ['snapshots', 'size_gb'],
  ] as const)
    for (const { host, promised } of await db(table)
      .whereNotNull('host')
      .groupBy('host')
      .select<{ host: string; promised: number | string }[]>('host', db.raw(`sum(${size}) as promised`)))
      sums.set(host, (sums.get(host) ?? 0) + Number(promised));
  return sums;
}

/** Makes the task the owner of the volume; returns false when the status does not allow it. */
export const acquireVolume = (tx: Knex, verb: keyof typeof volumeTransitions, owned: Owned): Promise<boolean> =>
  acquire<Volume>(tx, 'volumes', owned, volumeTransitions[verb]);

export const updateOwnedVolume = (tx: Knex, owned: Owned, change: Partial<Volume>) =>
  updateOwned<Volume>(tx, 'volumes', owned, toRow({ ...change, updatedAt: Date.now() }) as Partial<Volume>);

/** The last change of a task: the volume has no owner afterwards. */
export const releaseVolume = (tx: Knex, owned: Owned, change: Partial<Volume>) =>
  updateOwnedVolume(tx, owned, { ...change, taskId: null });

/** For columns that no task owns: name, metadata, a reset status. */
export const changeVolume = (tx: Knex, id: string, change: Partial<Volume>) =>
  tx('volumes')
    .where({ id })
    .update(toRow({ ...change, updatedAt: Date.now() }));

/** One conditional UPDATE; returns false when the volume is in none of these statuses. */
export const updateVolumeState = async (
  tx: Knex,
  id: string,
  from: readonly VolumeStatus[],
  change: Partial<Volume>,
): Promise<boolean> =>
  (await tx('volumes')
    .where({ id })
    .whereIn('status', from)
    .update(toRow({ ...change, updatedAt: Date.now() }))) > 0;

/** Usage of a project per volume type, for its quota. */
export async function volumesByType(tx: Knex, projectId: string): Promise<readonly TypeUse[]> {
  const rows: TypeUse[] = await tx('volumes')
    .where({ projectId })
    .groupBy('typeId')
    .select('typeId', tx.raw('count(*) as count, sum(coalesce(grow_to_gb, size_gb)) as gigabytes'));
  return rows.map(({ typeId, count, gigabytes }) => ({ typeId, count: Number(count), gigabytes: Number(gigabytes) }));
}

export interface TypeUse {
  readonly typeId: string;
  readonly count: number;
  readonly gigabytes: number;
}

/** Rows in a transitional state whose task no longer exists. */
export const listOrphanVolumes = async (db: Knex): Promise<Volume[]> =>
  (
    await db('volumes')
      .whereIn('status', ['creating', 'downloading', 'extending', 'uploading', 'deleting'])
      .where((q) => q.whereNull('taskId').orWhereNotIn('taskId', db('tasks').select('id')))
  ).map(volumeOf);
