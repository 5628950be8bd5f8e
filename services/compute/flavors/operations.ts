import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { badRequest } from '#shared/errors/fault.ts';
import type { Compute } from '../context.ts';
import type { Flavor, NewFlavor } from './resource.ts';
import { countFlavors, insertFlavor } from './store.ts';

/** `auto` and nothing let us choose the id. */
export async function createFlavor({ db }: Pick<Compute, 'db'>, input: NewFlavor): Promise<Flavor> {
  const now = Date.now();
  const id = input.id === undefined || input.id === 'auto' ? randomUUID() : input.id;
  if (id === '') throw badRequest('Flavor id cannot be empty.');
  const flavor = { ...input, id, disabled: false, extraSpecs: {}, createdAt: now, updatedAt: now };
  await db.transaction((tx) => insertFlavor(tx, flavor));
  return flavor;
}

/** As DevStack has them. */
const first: readonly (readonly [id: string, name: string, vcpus: number, ramMb: number, diskGb: number])[] = [
  ['1', 'm1.tiny', 1, 512, 1],
  ['2', 'm1.small', 1, 2048, 20],
  ['3', 'm1.medium', 2, 4096, 40],
  ['4', 'm1.large', 4, 8192, 80],
  ['42', 'm1.nano', 1, 128, 1],
  ['5', 'm1.xlarge', 8, 16_384, 160],
  ['84', 'm1.micro', 1, 192, 1],
];

/** Once, in an empty table: an administrator who removed them means it. */
export async function seedFlavors(db: Knex): Promise<void> {
  await db.transaction(async (tx) => {
    if ((await countFlavors(tx)) > 0) return;
    const now = Date.now();
    const common = { description: null, ephemeralGb: 0, swapMb: 0, rxtxFactor: 1, isPublic: true, disabled: false };
    for (const [id, name, vcpus, ramMb, diskGb] of first)
      await insertFlavor(tx, {
        ...common,
        id,
        name,
        vcpus,
        ramMb,
        diskGb,
        extraSpecs: {},
        createdAt: now,
        updatedAt: now,
      });
  });
}
