import { randomUUID } from 'node:crypto';
import { type Caller, projectOf } from '#shared/auth/caller.ts';
import { authorize } from '#shared/auth/policy.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { enqueue } from '#shared/workflow/tasks.ts';
import { tasksWait, type Volumes } from '../context.ts';
import { defaultTypeOf } from '../default-types/store.ts';
import { isTrue } from '../listing/values.ts';
import { reserveQuota } from '../quotas/operations.ts';
import { newSnapshot } from '../snapshots/operations.ts';
import { type Snapshot, snapshotRows } from '../snapshots/resource.ts';
import { keyBitsOf } from '../type-encryption/store.ts';
import type { VolumeType } from '../types/resource.ts';
import { findTypeByNameOrId } from '../types/store.ts';
import { newVolume } from '../volumes/create.ts';
import { type Metadata, type Volume, volumeRows } from '../volumes/resource.ts';
import { nothing } from '../volumes/source.ts';
import { getVolume } from '../volumes/store.ts';
import { manage } from '../workflows/manage.ts';
import { type Pool, refusalOf } from '../workflows/scheduler/pools.ts';
import { findUnmanaged, poolAt, type Reference } from './find.ts';

interface Named {
  readonly name?: string | null;
  readonly description?: string | null;
  readonly metadata?: Metadata | null;
  readonly ref: Reference;
}
export interface ManageVolume extends Named {
  readonly host?: string | null;
  readonly volume_type?: string | null;
  readonly availability_zone?: string | null;
  readonly bootable?: boolean | string | null;
}
export interface ManageSnapshot extends Named {
  readonly volume_id: string;
}

const gib = 2 ** 30;
const gigabytes = (sizeBytes: number) => Math.max(1, Math.ceil(sizeBytes / gib));
const named = ({ name, description, metadata }: Named) => ({
  name: name?.trim() || null,
  description: description?.trim() || null,
  metadata: metadata ?? {},
});

/** Data of a pool become a volume of the caller's project, of a whole number of gigabytes. */
export async function manageVolume(service: Volumes, caller: Caller, input: ManageVolume): Promise<Volume> {
  const { db, bus } = service;
  const pool = await poolAt(service, input.host ?? undefined);
  const type = await typeOf(service, caller, pool, input);
  const found = await findUnmanaged(service, pool, 'volume', input.ref);
  const [id, sizeGb, projectId] = [randomUUID(), gigabytes(found.sizeBytes), projectOf(caller)];
  const row = await db.transaction(async (tx) => {
    await reserveQuota(tx, { projectId, typeId: type.id, volumes: 1, gigabytes: sizeGb, volumeGb: sizeGb });
    const taskId = await enqueue(tx, manage, { id, as: 'volume', name: found.name }, caller.requestId);
    const origin = { inherited: { ...nothing, bootable: isTrue(input.bootable ?? false) } };
    const owned = { sizeGb, id, taskId, encryptionKeyId: null };
    const made: Volume = {
      ...newVolume({ service, caller, input: named(input), origin, type, ...owned }),
      ...{ status: 'managing', host: pool.host, hostId: pool.hostId, pool: pool.name, driver: pool.driver },
    };
    await volumeRows.insert(tx, made);
    return made;
  });
  bus.notify(tasksWait);
  return row;
}

/** Throws 400 when the pool has not what the type asks for. */
async function typeOf(service: Volumes, caller: Caller, pool: Pool, input: ManageVolume): Promise<VolumeType> {
  const { db, config } = service;
  const { volume_type: wanted, availability_zone: zone } = input;
  if (zone && zone !== config.zone) throw badRequest(`Invalid input received: Availability zone '${zone}' is invalid.`);
  const type = wanted ? await findTypeByNameOrId(db, caller, wanted) : await defaultTypeOf(db, projectOf(caller));
  if (!type) throw badRequest('Invalid volume type: there is no default type.');
  if ((await keyBitsOf(db, type.id)) !== undefined)
    throw badRequest('Invalid volume type: Managing to an encrypted volume type is not supported.');
  const refusal = refusalOf(service, pool, type.extraSpecs);
  if (refusal !== null) throw badRequest(`Invalid volume type: Type ${type.name} does not fit: the pool ${refusal}.`);
  return type;
}

/** Data of the pool of a volume become a snapshot of it. */
export async function manageSnapshot(service: Volumes, caller: Caller, input: ManageSnapshot): Promise<Snapshot> {
  const { db, bus } = service;
  const volume = await getVolume(db, caller, input.volume_id);
  authorize(caller, 'snapshot_extension:snapshot_manage', { project_id: volume.projectId });
  const found = await findUnmanaged(service, await poolAt(service, volume.host ?? undefined), 'snapshot', input.ref);
  const sizeGb = gigabytes(found.sizeBytes);
  if (sizeGb > volume.sizeGb)
    throw badRequest(`Invalid snapshot: ${found.name} has ${sizeGb} GiB, and volume ${volume.id} ${volume.sizeGb}.`);
  const id = randomUUID();
  const row = await db.transaction(async (tx) => {
    const now = await volumeRows.lock(tx, volume.id); // a concurrent delete waits, and then finds the snapshot
    if (!now || !['available', 'in-use'].includes(now.status))
      throw badRequest(`Invalid volume: Volume ${volume.id} must be available or in-use, it is ${now?.status}.`);
    await reserveQuota(tx, { projectId: projectOf(caller), typeId: now.typeId, snapshots: 1, gigabytes: sizeGb });
    const taskId = await enqueue(tx, manage, { id, as: 'snapshot', name: found.name }, caller.requestId);
    const body = { ...named(input), volumeId: volume.id };
    const made = { ...newSnapshot(caller, now, body, { id, taskId }), sizeGb };
    await snapshotRows.insert(tx, made);
    return made;
  });
  bus.notify(tasksWait);
  return row;
}
