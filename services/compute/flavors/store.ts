import type { Knex } from 'knex';
import { type Caller, isAdmin } from '#shared/auth/caller.ts';
import { conflict, notFound } from '#shared/errors/fault.ts';

export interface Flavor {
  readonly sequence: number;
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly vcpus: number;
  readonly ramMb: number;
  readonly diskGb: number;
  readonly ephemeralGb: number;
  readonly swapMb: number;
  readonly rxtxFactor: number;
  readonly isPublic: boolean;
  readonly disabled: boolean;
  readonly extraSpecs: Readonly<Record<string, string>>;
  readonly createdAt: number;
  readonly updatedAt: number;
}

const fromRow = (row: Record<string, unknown>): Flavor =>
  ({ ...row, extraSpecs: JSON.parse(String(row.extraSpecs)) }) as unknown as Flavor;

export async function insertFlavor(tx: Knex, flavor: Omit<Flavor, 'sequence'>): Promise<void> {
  if (await tx('flavors').where({ id: flavor.id }).first('id'))
    throw conflict(`Flavor with ID ${flavor.id} already exists.`);
  if (await tx('flavors').where({ name: flavor.name }).first('id'))
    throw conflict(`Flavor with name ${flavor.name} already exists.`);
  await tx('flavors').insert({ ...flavor, extraSpecs: JSON.stringify(flavor.extraSpecs) });
}

/** Public ones, and those that the project was let into. */
const visibleTo = (db: Knex, caller: Caller) => {
  const found = db('flavors');
  if (isAdmin(caller)) return found;
  const let_in = db('flavor_access')
    .where({ projectId: caller.projectId ?? '' })
    .select('flavorId');
  return found.where((either) => void either.where({ isPublic: true }).orWhereIn('id', let_in));
};

export async function findFlavor(db: Knex, caller: Caller, id: string): Promise<Flavor> {
  const row: unknown = await visibleTo(db, caller).where({ id }).first();
  if (!row) throw notFound('Flavor', id);
  return fromRow(row as Record<string, unknown>);
}

export interface FlavorFilter {
  /** Undefined: whatever the caller sees. */
  readonly isPublic?: boolean;
  readonly minRamMb?: number;
  readonly minDiskGb?: number;
  readonly sortKey: 'id' | 'name' | 'ramMb' | 'diskGb' | 'vcpus' | 'createdAt' | 'updatedAt' | 'swapMb' | 'ephemeralGb';
  readonly sortDir: 'asc' | 'desc';
  readonly marker?: string;
  readonly limit: number;
}

export async function listFlavors(db: Knex, caller: Caller, filter: FlavorFilter): Promise<Flavor[]> {
  const { sortKey, sortDir, marker, limit, isPublic, minRamMb = 0, minDiskGb = 0 } = filter;
  const found = visibleTo(db, caller)
    .where('ramMb', '>=', minRamMb)
    .where('diskGb', '>=', minDiskGb)
    .where({ disabled: false })
    .orderBy([
      { column: sortKey, order: sortDir },
      { column: 'id', order: sortDir },
    ]);
  if (isPublic !== undefined) found.where({ isPublic });
  const rows = ((await found.select()) as Record<string, unknown>[]).map(fromRow);
  if (marker === undefined) return rows.slice(0, limit);
  const at = rows.findIndex(({ id }) => id === marker);
  if (at < 0) throw notFound('Marker', marker);
  return rows.slice(at + 1, at + 1 + limit);
}

type Change = Partial<Pick<Flavor, 'description' | 'extraSpecs' | 'disabled'>>;
export const changeFlavor = async (tx: Knex, id: string, { extraSpecs, ...change }: Change): Promise<void> => {
  const specs = extraSpecs === undefined ? {} : { extraSpecs: JSON.stringify(extraSpecs) };
  await tx('flavors')
    .where({ id })
    .update({ ...change, ...specs, updatedAt: Date.now() });
};

export const removeFlavor = async (tx: Knex, id: string): Promise<void> => {
  await tx('flavor_access').where({ flavorId: id }).delete();
  await tx('flavors').where({ id }).delete();
};

export const listAccess = async (db: Knex, flavorId: string): Promise<string[]> =>
  (await db('flavor_access').where({ flavorId }).orderBy('projectId').select('projectId')).map(
    ({ projectId }: { projectId: string }) => projectId,
  );

/** False when it had access already. */
export async function insertAccess(tx: Knex, flavorId: string, projectId: string): Promise<boolean> {
  if (await tx('flavor_access').where({ flavorId, projectId }).first('flavorId')) return false;
  await tx('flavor_access').insert({ flavorId, projectId });
  return true;
}

/** False when it had none. */
export const removeAccess = async (tx: Knex, flavorId: string, projectId: string): Promise<boolean> =>
  (await tx('flavor_access').where({ flavorId, projectId }).delete()) > 0;

export const countFlavors = async (db: Knex): Promise<number> => {
  const [row] = await db('flavors').count({ count: '*' });
  return Number(row?.count ?? 0);
};
