import { randomUUID } from 'node:crypto';
import { type Caller, projectOf } from '#shared/auth/caller.ts';
import { badRequest, notFound } from '#shared/errors/fault.ts';
import { enqueue } from '#shared/workflow/tasks.ts';
import { backupRows } from '../backups/resource.ts';
import { acquireBackup } from '../backups/store.ts';
import { tasksWait, type Volumes } from '../context.ts';
import { defaultTypeOf } from '../default-types/store.ts';
import { getGroup, lockAvailable } from '../groups/store.ts';
import { copyKey, createKey } from '../keys/store.ts';
import { reserveQuota } from '../quotas/operations.ts';
import { keyBitsOf } from '../type-encryption/store.ts';
import type { VolumeType } from '../types/resource.ts';
import { findType, findTypeByNameOrId } from '../types/store.ts';
import { createVolume as work } from '../workflows/create-volume.ts';
import { type NewVolume, type Volume, volumeRows } from './resource.ts';
import { lockSource, type Origin, originOf } from './source.ts';

/** Inserts the volume and its task in one transaction. */
export async function createVolume(service: Volumes, caller: Caller, input: NewVolume): Promise<Volume> {
  const { db, bus } = service;
  refuseUnsupported(service, input);
  const origin = await originOf(service, caller, input);
  const type = await typeOf(service, caller, input, origin);
  const sizeGb = sizeOf(input, origin);
  const volume = await db.transaction(async (tx) => {
    const id = randomUUID();
    const { source, host: sourceHost } = origin;
    const params = { volumeId: id, source, sourceHost, extraSpecs: type.extraSpecs };
    const projectId = projectOf(caller);
    if (input.groupId) await joinGroup(tx, caller, input.groupId, type);
    await reserveQuota(tx, { projectId, typeId: type.id, volumes: 1, gigabytes: sizeGb, volumeGb: sizeGb });
    await lockSource(tx, source);
    const encryptionKeyId = await keyOf(service, tx, { type, origin, projectId });
    const taskId = await enqueue(tx, work, params, caller.requestId);
    if (input.backupId) await holdBackup(tx, input.backupId, { id, taskId });
    const row = newVolume({ service, caller, input, origin, type, sizeGb, id, taskId, encryptionKeyId });
    await volumeRows.insert(tx, row);
    return row;
  });
  bus.notify(tasksWait);
  return volume;
}

function refuseUnsupported({ config }: Volumes, input: NewVolume): void {
  const { consistencygroupId, zone } = input;
  if (consistencygroupId) throw notFound('ConsistencyGroup', consistencygroupId);
  if (input.multiattach)
    throw badRequest('multiattach parameter has been removed. Use a volume type that is enabled for it.');
  if (zone && zone !== config.zone) throw badRequest(`Invalid input received: Availability zone '${zone}' is invalid.`);
}

interface KeyNeed {
  readonly type: VolumeType;
  readonly origin: Origin;
  readonly projectId: string;
}

/** The id of the key of an encrypted type's volume: a new one, or a copy of that of its source; null for another type. */
async function keyOf({ seal }: Volumes, tx: Volumes['db'], { type, origin, projectId }: KeyNeed) {
  const bits = await keyBitsOf(tx, type.id);
  const { keyId } = origin;
  if (keyId !== undefined && (keyId !== null) !== (bits !== undefined))
    throw badRequest(
      `Invalid input received: Invalid volume_type provided: ${type.id} (requested type is not compatible; either match source volume, or omit type argument).`,
    );
  if (bits === undefined) return null;
  if (type.extraSpecs.multiattach === '<is> True')
    throw badRequest('Invalid volume type: Multiattach cannot be used with encrypted volumes.');
  return keyId ? copyKey(tx, keyId, { projectId }) : createKey(tx, seal, { projectId, bits });
}

/** Must run in the transaction that inserts the volume. */
async function joinGroup(tx: Volumes['db'], caller: Caller, id: string, type: VolumeType): Promise<void> {
  await getGroup(tx, caller, id);
  const { typeIds } = await lockAvailable(tx, id, 'add volumes');
  if (!typeIds.includes(type.id))
    throw badRequest(`Invalid input received: Invalid volume_type ${type.name}: it is not one of group ${id}.`);
}

/** The backup is restoring until the task that creates the volume has ended. */
async function holdBackup(
  tx: Volumes['db'],
  backupId: string,
  { id, taskId }: { readonly id: string; readonly taskId: string },
): Promise<void> {
  if (!(await acquireBackup(tx, 'restore', { id: backupId, taskId })))
    throw badRequest('Invalid backup: Backup status must be available');
  await backupRows.update(tx, { id: backupId, taskId }, { restoringId: id });
}

/** The requested type, else the image's, the source's, or the default. As in Cinder, an unknown type of an image is ignored. */
async function typeOf({ db }: Volumes, caller: Caller, input: NewVolume, origin: Origin): Promise<VolumeType> {
  const {
    typeId,
    inherited: { imageId, imageMetadata },
  } = origin;
  if (input.volumeType) return findTypeByNameOrId(db, caller, input.volumeType);
  const named = imageId === null ? undefined : imageMetadata?.cinder_img_volume_type;
  const ofImage = named ? await findTypeByNameOrId(db, caller, named).catch(() => undefined) : undefined;
  if (ofImage) return ofImage;
  const inherited = typeId === null ? undefined : await findType(db, caller, typeId).catch(() => undefined);
  const type = inherited ?? (await defaultTypeOf(db, projectOf(caller)));
  if (!type) throw notFound('Volume type with name', '__DEFAULT__');
  return type;
}

function sizeOf({ sizeGb, ...input }: NewVolume, { minGb }: Origin): number {
  if (sizeGb !== undefined && sizeGb !== null) return sizeGb;
  if (input.snapshotId || input.sourceVolumeId || input.backupId) return minGb;
  throw badRequest(
    'Invalid input received: Invalid volume size provided for create request: None (size argument must be an integer (or string representation of an integer) and greater than zero).',
  );
}

interface Parts {
  readonly service: Volumes;
  readonly caller: Caller;
  readonly input: NewVolume;
  readonly origin: Pick<Origin, 'inherited'>;
  readonly type: VolumeType;
  readonly sizeGb: number;
  readonly id: string;
  readonly taskId: string;
  readonly encryptionKeyId: string | null;
}

export const newVolume = ({
  service,
  caller,
  input,
  origin,
  type,
  sizeGb,
  id,
  taskId,
  encryptionKeyId,
}: Parts): Volume => ({
  id,
  taskId,
  projectId: projectOf(caller),
  userId: caller.userId,
  name: input.name,
  description: input.description,
  sizeGb,
  growToGb: null,
  status: 'creating',
  previousStatus: null,
  host: null,
  hostId: null,
  pool: null,
  driver: null,
  typeId: type.id,
  zone: service.config.zone,
  multiattach: type.extraSpecs.multiattach === '<is> True',
  readOnly: false,
  readOnlyTold: false,
  ...origin.inherited,
  metadata: input.metadata ?? {},
  choice: null,
  encryptionKeyId,
  targetHost: null,
  migrationStatus: null,
  groupId: input.groupId ?? null,
  createdAt: Date.now(),
  updatedAt: null,
});
