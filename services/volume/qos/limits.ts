/** What the host of the guest limits, as Nova's drivers spell it. */
import type { Knex } from 'knex';
import { typeRows } from '../types/resource.ts';
import { type Volume, volumeRows } from '../volumes/resource.ts';
import { qosRows } from './resource.ts';

type Limits = Readonly<Record<string, string>>;

/** Undefined by the volume's type, or applied by the storage: null. */
export async function limitsOf(db: Knex, volumeId: string): Promise<Limits | null> {
  const volume = await volumeRows.find(db, { id: volumeId });
  const type = volume && (await typeRows.find(db, { id: volume.typeId }));
  const qos = type?.qosSpecsId ? await qosRows.find(db, { id: type.qosSpecsId }) : undefined;
  return volume && qos && qos.consumer !== 'back-end' ? limitsAt(qos.specs, volume) : null;
}

/**
 * `read_iops_sec_per_gb` times the size is the limit `read_iops_sec`, at least `read_iops_sec_per_gb_min`, and wins over a
 * fixed one; other keys are handed on.
 */
export function limitsAt(specs: Limits, { sizeGb }: Pick<Volume, 'sizeGb'>): Limits {
  const isScaled = (key: string) => /_per_gb(_min)?$/.test(key);
  const fixed = Object.entries(specs).filter(([key]) => !isScaled(key));
  const scaled = Object.entries(specs)
    .filter(([key, value]) => key.endsWith('_per_gb') && Number.isFinite(Number(value)))
    .map(([key, value]) => {
      const least = Number(specs[`${key}_min`] ?? 0);
      return [key.replace(/_per_gb$/, ''), String(Math.max(least, Math.floor(Number(value) * sizeGb)))] as const;
    });
  return Object.fromEntries([...fixed, ...scaled]);
}
