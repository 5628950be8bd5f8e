import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { badRequest } from '#shared/errors/fault.ts';
import { countFlavors, type Flavor, insertFlavor } from './store.ts';

export interface FlavorBody {
  readonly name: string;
  readonly ram: number | string;
  readonly vcpus: number | string;
  readonly disk: number | string;
  readonly id?: string | number | null;
  readonly swap?: number | string;
  readonly 'OS-FLV-EXT-DATA:ephemeral'?: number | string;
  readonly 'os-flavor-access:is_public'?: boolean | string;
  readonly rxtx_factor?: number | string;
  readonly description?: string | null;
}

const falseWords = /^(false|0|off|no|f|n)$/i;

/** `auto` and nothing let us choose the id. */
export async function createFlavor(db: Knex, input: FlavorBody): Promise<Flavor> {
  const now = Date.now();
  const id =
    input.id === undefined || input.id === null || input.id === 'auto' ? randomUUID() : String(input.id).trim();
  if (id === '') throw badRequest('Flavor id cannot be empty.');
  const flavor = {
    id,
    name: input.name.trim(),
    description: input.description ?? null,
    vcpus: Number(input.vcpus),
    ramMb: Number(input.ram),
    diskGb: Number(input.disk),
    ephemeralGb: Number(input['OS-FLV-EXT-DATA:ephemeral'] ?? 0),
    swapMb: Number(input.swap || 0),
    rxtxFactor: Number(input.rxtx_factor ?? 1),
    isPublic: !falseWords.test(String(input['os-flavor-access:is_public'] ?? true)),
    disabled: false,
    extraSpecs: {},
    createdAt: now,
    updatedAt: now,
  };
  await db.transaction((tx) => insertFlavor(tx, flavor));
  return { ...flavor, sequence: 0 };
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
