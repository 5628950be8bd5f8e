/** Requests that move a volume to another pool: a migration, and a change of its type that needs one. */
import type { Knex } from 'knex';
import type { Caller } from '#shared/auth/caller.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { enqueue } from '#shared/workflow/tasks.ts';
import { tasksWait, type Volumes } from '../context.ts';
import { requireThawed } from '../hosts/store.ts';
import { reserveQuota } from '../quotas/operations.ts';
import { snapshotRows } from '../snapshots/resource.ts';
import type { VolumeType } from '../types/resource.ts';
import { moveVolume } from '../workflows/move-volume.ts';
import { listPools, poolName } from '../workflows/scheduler/pools.ts';
import { invalidVolume } from './operations.ts';
import { type Volume, volumeRows } from './resource.ts';
import { acquireVolume } from './store.ts';

interface Acting {
  readonly caller: Caller;
}

export interface MigrateInput {
  readonly host?: string | null;
  readonly cluster?: string | null;
  readonly force_host_copy?: boolean | string;
  readonly lock_volume?: boolean | string;
}

/** To the pool that `host` names, as host@driver#pool or without the pool. The volume is in maintenance meanwhile. */
export async function migrateVolume(
  service: Volumes,
  volume: Volume,
  { host: wanted, cluster }: MigrateInput,
  { caller }: Acting,
): Promise<void> {
  if (cluster) throw badRequest('Invalid host: There are no clusters of storage hosts: name a host.');
  if (!wanted) throw badRequest('Invalid input received: Host must be specified.');
  const pools = (await listPools(service)).filter(({ isEnabled, isAvoided }) => isEnabled && !isAvoided);
  const pool = pools.find((each) => [poolName(each), `${each.host}@${each.driver}`].includes(wanted));
  if (!pool) throw badRequest(`Invalid host: No available service named '${wanted}'`);
  if (pool.host === volume.host) throw cannotMove(volume);
  const { typeId } = volume;
  await move(service, volume, { to: poolName(pool), typeId, verb: 'migrate' }, caller);
}

/** To any pool that the type asks for. */
export async function retypeByMoving(
  service: Volumes,
  volume: Volume,
  type: VolumeType,
  { caller }: Acting,
): Promise<void> {
  await move(service, volume, { to: null, typeId: type.id, verb: 'retype' }, caller);
}

interface Move {
  readonly to: string | null;
  readonly typeId: string;
  readonly verb: 'migrate' | 'retype';
}

async function move(service: Volumes, volume: Volume, { to, typeId, verb }: Move, caller: Caller): Promise<void> {
  const { db, bus } = service;
  const { id, host: from, projectId, sizeGb } = volume;
  await requireThawed(db, from);
  await db.transaction(async (tx) => {
    if (typeId !== volume.typeId)
      await reserveQuota(tx, { projectId, typeId, volumes: 1, gigabytes: sizeGb, ofTypeAlone: true });
    const taskId = await enqueue(tx, moveVolume, { volumeId: id, from: from ?? '', to, typeId }, caller.requestId);
    if (!(await acquireVolume(tx, verb, { id, taskId })) || (await isBound(tx, volume))) throw cannotMove(volume);
    await volumeRows.update(tx, { id, taskId }, { migrationStatus: 'starting' });
  });
  bus.notify(tasksWait);
}

const isBound = async (tx: Knex, { id: volumeId, groupId }: Volume): Promise<boolean> =>
  groupId !== null || (await snapshotRows.find(tx, { volumeId })) !== undefined;

const cannotMove = ({ id }: Volume) =>
  invalidVolume(
    `Volume ${id} status must be available, since volumes in use do not move, must not be migrating, have snapshots, be part of a group, and its destination must be another host than its own.`,
  );

/** A migration completes itself: there is no second volume that a client could complete it with. */
export async function completeMigration(_: Volumes, { id }: Volume): Promise<never> {
  throw invalidVolume(`Source volume not mid-migration: volume ${id} takes its new place by itself.`);
}
