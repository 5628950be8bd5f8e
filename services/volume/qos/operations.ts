import { randomUUID } from 'node:crypto';
import { badRequest, conflict, Fault } from '#shared/errors/fault.ts';
import type { Volumes } from '../context.ts';
import { typeRows, type VolumeType } from '../types/resource.ts';
import { type Consumer, type Qos, qosRows } from './resource.ts';

export interface QosInput {
  readonly name: string;
  readonly consumer?: Consumer;
  readonly [key: string]: string | undefined;
}

export async function createQos({ db }: Volumes, { name, consumer = 'back-end', ...specs }: QosInput): Promise<Qos> {
  const row: Qos = {
    id: randomUUID(),
    name: name.trim(),
    consumer,
    specs: specs as Qos['specs'],
    createdAt: Date.now(),
  };
  await db.transaction(async (tx) => {
    if (await qosRows.find(tx, { name: row.name })) throw conflict(`QoS Specs ${row.name} already exists.`);
    await qosRows.insert(tx, row);
  });
  return row;
}

export async function setKeys(
  { db }: Volumes,
  { id }: Qos,
  { consumer, ...specs }: { readonly consumer?: Consumer; readonly [key: string]: string | undefined },
): Promise<void> {
  await db.transaction(async (tx) => {
    const now = await qosRows.lock(tx, id);
    const change = { specs: { ...now?.specs, ...specs } as Qos['specs'], ...(consumer ? { consumer } : {}) };
    await qosRows.update(tx, { id }, change);
  });
}

export async function removeKeys({ db }: Volumes, { id }: Qos, keys: readonly string[]): Promise<void> {
  await db.transaction(async (tx) => {
    const specs = { ...(await qosRows.lock(tx, id))?.specs };
    for (const key of keys) {
      if (!Object.hasOwn(specs, key)) throw new Fault(404, 'notFound', `QoS spec ${id} has no spec with key ${key}.`);
      delete specs[key];
    }
    await qosRows.update(tx, { id }, { specs });
  });
}

export const listAssociations = ({ db }: Volumes, { id }: Qos): Promise<VolumeType[]> =>
  typeRows.list(db, { qosSpecsId: id });

/** With `force` its types lose it. */
export async function deleteQos(service: Volumes, row: Qos, force: boolean): Promise<void> {
  await service.db.transaction(async (tx) => {
    await qosRows.lock(tx, row.id);
    if (!force && (await typeRows.find(tx, { qosSpecsId: row.id })))
      throw badRequest(`QoS Specs ${row.id} is still associated with entities.`);
    await typeRows.update(tx, { qosSpecsId: row.id }, { qosSpecsId: null });
    await qosRows.remove(tx, { id: row.id });
  });
}

export async function associate({ db }: Volumes, { id }: Qos, type: VolumeType): Promise<void> {
  await db.transaction(async (tx) => {
    await qosRows.lock(tx, id);
    const now = await typeRows.lock(tx, type.id);
    if (now?.qosSpecsId && now.qosSpecsId !== id)
      throw badRequest(
        `Invalid volume type: Type ${type.id} is already associated with another qos specs: ${now.qosSpecsId}`,
      );
    await typeRows.update(tx, { id: type.id }, { qosSpecsId: id });
  });
}

/** Also when the type has no QoS specs, or others. */
export const disassociate = ({ db }: Volumes, { id }: Qos, type: VolumeType): Promise<boolean> =>
  typeRows.update(db, { id: type.id, qosSpecsId: id }, { qosSpecsId: null });

export const disassociateAll = ({ db }: Volumes, { id }: Qos): Promise<boolean> =>
  typeRows.update(db, { qosSpecsId: id }, { qosSpecsId: null });
