import { badRequest, forbidden } from '#shared/errors/fault.ts';
import { region, service } from '../catalog/resource.ts';
import type { Identity } from '../context.ts';
import { findProject, getDomain, getProject } from '../projects/store.ts';
import type { Change, New } from '../resources/resource.ts';
import { newId } from '../resources/store.ts';
import { type Limit, limit, type Place, placeOf, type RegisteredLimit, registeredLimit } from './resource.ts';
import { listLimitsBelow } from './store.ts';

type Tx = Identity['db'];

/** All limits of a request are created, or none. */
export async function registerLimits(
  { db }: Identity,
  inputs: readonly New<typeof registeredLimit>[],
): Promise<RegisteredLimit[]> {
  const rows = inputs.map((input) => ({ ...input, id: newId() }));
  await db.transaction(async (tx) => {
    for (const row of rows) {
      await requirePlace(tx, row);
      await registeredLimit.rows.insert(tx, row);
    }
  });
  return rows;
}

async function requirePlace(tx: Tx, { serviceId, regionId }: Place): Promise<void> {
  const absent = (what: string, id: string) => badRequest(`Unable to validate the limit: there is no ${what} ${id}.`);
  if (!(await service.rows.find(tx, { id: serviceId }))) throw absent('service', serviceId);
  if (regionId && !(await region.rows.find(tx, { id: regionId }))) throw absent('region', regionId);
}

export async function changeRegistered(
  { db }: Identity,
  before: RegisteredLimit,
  change: Change<typeof registeredLimit>,
): Promise<RegisteredLimit> {
  const changed = { ...before, ...change };
  await db.transaction(async (tx) => {
    const moved = (['serviceId', 'regionId', 'resourceName'] as const).some((key) => changed[key] !== before[key]);
    if (moved) await refuseUsed(tx, before);
    await requirePlace(tx, changed);
    await registeredLimit.rows.refuseTaken(tx, changed);
    await registeredLimit.rows.update(tx, before.id, change);
  });
  return changed;
}

export async function refuseUsed(tx: Tx, row: RegisteredLimit): Promise<void> {
  if (await limit.rows.find(tx, placeOf(row)))
    throw forbidden(
      `Unable to update or delete registered limit ${row.id} because there are project limits associated with it.`,
    );
}

export async function createLimits(identity: Identity, rows: readonly Limit[]): Promise<readonly Limit[]> {
  await identity.db.transaction(async (tx) => {
    for (const row of rows) {
      await (row.ownerKind === 'project' ? getProject(tx, row.ownerId) : getDomain(tx, row.ownerId));
      if (!(await registeredLimit.rows.find(tx, placeOf(row))))
        throw forbidden(`Unable to create a limit that has no registered limit: ${row.resourceName}.`);
      await limit.rows.refuseTaken(tx, row);
      await refuseOverTree(identity, tx, row);
      await limit.rows.insert(tx, row);
    }
  });
  return rows;
}

/**
 * strict_two_level: the limit of a project may not exceed that of its domain, nor that of a domain be below one of its
 * projects.
 */
async function refuseOverTree({ config }: Identity, tx: Tx, row: Limit): Promise<void> {
  if (config.limitModel !== 'strict_two_level') return;
  const place = placeOf(row);
  const own = await findProject(tx, { id: row.ownerId });
  const parent = own?.parentId ? await limit.rows.find(tx, { ...place, ownerId: own.parentId }) : undefined;
  const above = parent?.resourceLimit ?? (await registeredLimit.rows.find(tx, place))?.defaultLimit ?? 0;
  if (row.ownerKind === 'project' && row.resourceLimit > above)
    throw forbidden(`The limit of ${row.resourceLimit} is more than the ${above} of the domain above.`);
  const over = (await listLimitsBelow(tx, place, row.ownerId)).find((each) => each.resourceLimit > row.resourceLimit);
  if (over)
    throw forbidden(
      `The limit of ${row.resourceLimit} is less than the ${over.resourceLimit} of project ${over.ownerId}.`,
    );
}

export async function changeLimit(identity: Identity, row: Limit, change: Change<typeof limit>): Promise<Limit> {
  const changed = { ...row, ...change };
  await identity.db.transaction(async (tx) => {
    await refuseOverTree(identity, tx, changed);
    await limit.rows.update(tx, row.id, change);
  });
  return changed;
}
