import type { Knex } from 'knex';
import { type Caller, isAdmin } from '#shared/auth/caller.ts';
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
  /** While it grows: what it counts for then. */
  readonly growToGb: number | null;
  readonly status: VolumeStatus;
  readonly previousStatus: VolumeStatus | null;
  /** Where its bytes are; null until one was chosen. */
  readonly host: string | null;
  readonly hostId: string | null;
  readonly pool: string | null;
  readonly driver: string | null;
  readonly typeId: string;
  readonly zone: string;
  readonly bootable: boolean;
  readonly multiattach: boolean;
  readonly readOnly: boolean;
  /** Somebody said whether it is: then its metadata say so too. */
  readonly readOnlyTold: boolean;
  readonly snapshotId: string | null;
  readonly sourceVolumeId: string | null;
  readonly imageId: string | null;
  readonly metadata: Metadata;
  /** What the image said of itself; null for a volume of none. */
  readonly imageMetadata: Metadata | null;
  /** How its host was chosen, for who wants to know. */
  readonly choice: unknown;
  readonly createdAt: number;
  readonly updatedAt: number | null;
}

const written = ['metadata', 'imageMetadata', 'choice'] as const;

/** Dictionaries are text in rows. */
function toRow(volume: Partial<Volume>): Record<string, unknown> {
  const texts = written
    .filter((key) => volume[key] !== undefined)
    .map((key) => [key, volume[key] === null ? null : JSON.stringify(volume[key])]);
  return { ...volume, ...Object.fromEntries(texts) };
}

function fromRow(row: Record<string, unknown>): Volume {
  const texts = written.map((key) => [key, row[key] === null ? null : JSON.parse(String(row[key]))]);
  const times = { createdAt: Number(row.createdAt), updatedAt: row.updatedAt === null ? null : Number(row.updatedAt) };
  return { ...row, ...Object.fromEntries(texts), ...times } as unknown as Volume;
}

export const insertVolume = (tx: Knex, volume: Volume) => tx('volumes').insert(toRow(volume));

export const removeVolume = (tx: Knex, owned: Owned) =>
  tx('volumes')
    .where({ ...owned })
    .delete();

/** An admin finds any project's volume. To others a other project's does not exist. */
export async function getVolume(db: Knex, caller: Caller, id: string): Promise<Volume> {
  const volume = await findVolume(db, id);
  if (!volume || (!isAdmin(caller) && volume.projectId !== caller.projectId)) throw notFound('Volume', id);
  return volume;
}

/** For workflows, which act for whoever asked. */
export async function findVolume(db: Knex, id: string): Promise<Volume | undefined> {
  const row = await db('volumes').where({ id }).first();
  return row ? fromRow(row) : undefined;
}

/** As it is now, and nobody changes it before this transaction ends. */
export async function lockVolume(tx: Knex, id: string): Promise<Volume | undefined> {
  const row = await tx('volumes').where({ id }).forUpdate().first();
  return row ? fromRow(row) : undefined;
}

export async function getOwnedVolume(db: Knex, { id, taskId }: Owned): Promise<Volume> {
  const volume = await findVolume(db, id);
  if (!volume || volume.taskId !== taskId) throw new Error(`volume ${id} does not belong to task ${taskId}`);
  return volume;
}

/** All of a project, or of all projects with null. */
export async function listVolumes(db: Knex, projectId: string | null): Promise<Volume[]> {
  const rows = await (projectId === null ? db('volumes') : db('volumes').where({ projectId }));
  return rows.map(fromRow);
}

export const isTypeUsed = async (db: Knex, typeId: string): Promise<boolean> =>
  (await db('volumes').where({ typeId }).first('id')) !== undefined;

/** Volumes that are being made of this one, or of this snapshot: until they are there, it stays as it is. */
export const listCopiesUnderWay = async (
  tx: Knex,
  of: { sourceVolumeId: string } | { snapshotId: string },
): Promise<string[]> =>
  tx('volumes')
    .where({ ...of })
    .whereIn('status', ['creating', 'downloading'])
    .whereNotNull('taskId')
    .pluck('id');

/** What pools have promised to volumes and snapshots: by host, in gigabytes. */
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

/** Gives the volume to a task; false when it may not be taken now. */
export const acquireVolume = (tx: Knex, verb: keyof typeof volumeTransitions, owned: Owned): Promise<boolean> =>
  acquire<Volume>(tx, 'volumes', owned, volumeTransitions[verb]);

export const updateOwnedVolume = (tx: Knex, owned: Owned, change: Partial<Volume>) =>
  updateOwned<Volume>(tx, 'volumes', owned, toRow({ ...change, updatedAt: Date.now() }) as Partial<Volume>);

/** The last change of a task: the volume belongs to nobody again. */
export const releaseVolume = (tx: Knex, owned: Owned, change: Partial<Volume>) =>
  updateOwnedVolume(tx, owned, { ...change, taskId: null });

/** For what no task owns: names, metadata, an administrator's word. */
export const changeVolume = (tx: Knex, id: string, change: Partial<Volume>) =>
  tx('volumes')
    .where({ id })
    .update(toRow({ ...change, updatedAt: Date.now() }));

/** One UPDATE decides; false when the volume is in none of these statuses. */
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

/** What a project has of each type, for its quota. */
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

/** Rows whose task is gone: nobody would ever end what they say. */
export const listOrphanVolumes = async (db: Knex): Promise<Volume[]> =>
  (
    await db('volumes')
      .whereIn('status', ['creating', 'downloading', 'extending', 'uploading', 'deleting'])
      .where((q) => q.whereNull('taskId').orWhereNotIn('taskId', db('tasks').select('id')))
  ).map(fromRow);
