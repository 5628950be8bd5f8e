/** The change of a volume's type: in place, or by a move to another pool. */
import type { Caller } from '#shared/auth/caller.ts';
import { badRequest } from '#shared/errors/fault.ts';
import type { Volumes } from '../context.ts';
import { reserveQuota } from '../quotas/operations.ts';
import { keyBitsOf } from '../type-encryption/store.ts';
import type { VolumeType } from '../types/resource.ts';
import { findTypeByNameOrId } from '../types/store.ts';
import { listPools, typeRefusal } from '../workflows/scheduler/pools.ts';
import { retypeByMoving } from './move.ts';
import { invalidVolume } from './operations.ts';
import { type Volume, volumeRows } from './resource.ts';

interface Acting {
  readonly caller: Caller;
}

interface RetypeInput {
  readonly new_type: string;
  readonly migration_policy?: 'on-demand' | 'never' | null;
}

/** Changes the type. A volume whose pool has not what the type asks for moves, if `migration_policy` allows it. */
export async function retype(
  service: Volumes,
  volume: Volume,
  { new_type, migration_policy: policy }: RetypeInput,
  acting: Acting,
): Promise<void> {
  const { db } = service;
  const { caller } = acting;
  const { id } = volume;
  const type = await findTypeByNameOrId(db, caller, new_type);
  if (!['available', 'in-use'].includes(volume.status))
    throw invalidVolume(`Volume ${id} status must be available or in-use to retype, currently ${volume.status}.`);
  const [isEncrypted, wantsEncryption] = [
    volume.encryptionKeyId !== null,
    (await keyBitsOf(db, type.id)) !== undefined,
  ];
  if (isEncrypted !== wantsEncryption)
    throw badRequest(`Type ${type.name} differs in its encryption: volume ${id} would have to be written anew.`);
  const isShared = type.extraSpecs.multiattach === '<is> True';
  if (isShared && isEncrypted)
    throw badRequest(
      'Invalid input received: Retype requested both encryption and multi-attach, which is not supported.',
    );
  if (isShared !== volume.multiattach && volume.status !== 'available')
    throw badRequest('Invalid input received: Multiattach can change only while the volume is available.');
  const refusal = await refusalOfPool(service, volume, type);
  if (refusal !== null) {
    if (policy !== 'on-demand')
      throw badRequest(
        `Type ${type.name} does not fit: the pool of volume ${id} ${refusal}. The policy on-demand moves it.`,
      );
    return retypeByMoving(service, volume, type, acting);
  }
  await db.transaction(async (tx) => {
    const { projectId, sizeGb } = volume;
    if (type.id !== volume.typeId)
      await reserveQuota(tx, { projectId, typeId: type.id, volumes: 1, gigabytes: sizeGb, ofTypeAlone: true });
    const free = { id, taskId: null, status: ['available', 'in-use'] } as const;
    if (!(await volumeRows.update(tx, free, { typeId: type.id, multiattach: isShared })))
      throw invalidVolume(`Volume ${id} is being changed already: try again when it is available or in-use.`);
  });
}

/** Why the pool of the volume has not what the type asks for; null when it has. */
async function refusalOfPool(service: Volumes, { host, pool: name }: Volume, { extraSpecs }: VolumeType) {
  const pool = (await listPools(service)).find((each) => each.host === host && each.name === name);
  return pool ? typeRefusal(pool, extraSpecs) : null;
}
