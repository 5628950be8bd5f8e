import { badRequest, conflict, forbidden } from '#shared/errors/fault.ts';
import { getEntry } from '../catalog/store.ts';
import type { Identity } from '../context.ts';
import { newId } from '../projects/operations.ts';
import { findProject, getDomain, getProject } from '../projects/store.ts';
import { type Limit, limits, type RegisteredLimit, registeredLimits } from './store.ts';

export interface RegisteredInput {
  readonly service_id?: string;
  readonly region_id?: string | null;
  readonly resource_name?: string;
  readonly default_limit?: number;
  readonly description?: string | null;
}
export interface LimitInput {
  readonly service_id?: string;
  readonly region_id?: string | null;
  readonly resource_name?: string;
  readonly resource_limit?: number;
  readonly project_id?: string | null;
  readonly domain_id?: string | null;
  readonly description?: string | null;
}

/** All limits of a request are created, or none. */
export async function registerLimits({ db }: Identity, inputs: readonly RegisteredInput[]): Promise<RegisteredLimit[]> {
  const rows = inputs.map((input) => ({
    id: newId(),
    serviceId: input.service_id ?? '',
    regionId: input.region_id ?? '',
    resourceName: input.resource_name ?? '',
    defaultLimit: input.default_limit ?? 0,
    description: input.description ?? null,
  }));
  await db.transaction(async (tx) => {
    for (const row of rows) {
      await ensurePlace(tx, row);
      await refuseDuplicate(tx, row);
      await registeredLimits.insert(tx, row);
    }
  });
  return rows;
}

type Place = Pick<RegisteredLimit, 'serviceId' | 'regionId' | 'resourceName'>;
const placeOf = ({ serviceId, regionId, resourceName }: Place): Place => ({ serviceId, regionId, resourceName });

async function ensurePlace(tx: Identity['db'], { serviceId, regionId }: Place): Promise<void> {
  const absent = (what: string, id: string) => () => {
    throw badRequest(`Unable to validate the limit: there is no ${what} ${id}.`);
  };
  await getEntry(tx, 'services', serviceId).catch(absent('service', serviceId));
  if (regionId) await getEntry(tx, 'regions', regionId).catch(absent('region', regionId));
}

async function refuseDuplicate(tx: Identity['db'], row: RegisteredLimit): Promise<void> {
  const duplicate = await registeredLimits.find(tx, placeOf(row));
  if (duplicate && duplicate.id !== row.id)
    throw conflict(`Conflict occurred attempting to store registered_limit - Duplicate entry for ${row.resourceName}.`);
}

export async function changeRegistered({ db }: Identity, id: string, input: RegisteredInput): Promise<RegisteredLimit> {
  const before = await registeredLimits.get(db, id);
  const changed = {
    ...before,
    ...(input.service_id === undefined ? {} : { serviceId: input.service_id }),
    ...(input.region_id === undefined ? {} : { regionId: input.region_id ?? '' }),
    ...(input.resource_name === undefined ? {} : { resourceName: input.resource_name }),
    ...(input.default_limit === undefined ? {} : { defaultLimit: input.default_limit }),
    ...(input.description === undefined ? {} : { description: input.description }),
  };
  await db.transaction(async (tx) => {
    const moved = (['serviceId', 'regionId', 'resourceName'] as const).some((key) => changed[key] !== before[key]);
    if (moved) await refuseUsed(tx, before);
    await ensurePlace(tx, changed);
    await refuseDuplicate(tx, changed);
    await registeredLimits.update(tx, id, changed);
  });
  return changed;
}

async function refuseUsed(tx: Identity['db'], row: RegisteredLimit): Promise<void> {
  if ((await limits.listWhere(tx, placeOf(row))).length > 0)
    throw forbidden(
      `Unable to update or delete registered limit ${row.id} because there are project limits associated with it.`,
    );
}

export async function removeRegistered({ db }: Identity, id: string): Promise<void> {
  await db.transaction(async (tx) => {
    await refuseUsed(tx, await registeredLimits.get(tx, id));
    await registeredLimits.remove(tx, { id });
  });
}

export async function createLimits(identity: Identity, inputs: readonly LimitInput[]): Promise<Limit[]> {
  const rows = inputs.map((input) => limitOf(input));
  await identity.db.transaction(async (tx) => {
    for (const row of rows) {
      await (row.ownerKind === 'project' ? getProject(tx, row.ownerId) : getDomain(tx, row.ownerId));
      if (!(await registeredLimits.find(tx, placeOf(row))))
        throw forbidden(`Unable to create a limit that has no registered limit: ${row.resourceName}.`);
      if (await limits.find(tx, { ownerId: row.ownerId, ...placeOf(row) }))
        throw conflict(`Conflict occurred attempting to store limit - Duplicate entry for ${row.resourceName}.`);
      await refuseOverTree(identity, tx, row);
      await limits.insert(tx, row);
    }
  });
  return rows;
}

function limitOf(input: LimitInput): Limit {
  const ownerId = input.project_id ?? input.domain_id ?? '';
  if (Boolean(input.project_id) === Boolean(input.domain_id))
    throw badRequest('A limit belongs to a project or to a domain: name one.');
  return {
    id: newId(),
    ownerKind: input.project_id ? 'project' : 'domain',
    ownerId,
    serviceId: input.service_id ?? '',
    regionId: input.region_id ?? '',
    resourceName: input.resource_name ?? '',
    resourceLimit: input.resource_limit ?? 0,
    description: input.description ?? null,
  };
}

/**
 * strict_two_level: the limit of a project may not exceed that of its domain, nor that of a domain be below one of its
 * projects.
 */
async function refuseOverTree({ config }: Identity, tx: Identity['db'], row: Limit): Promise<void> {
  if (config.limitModel !== 'strict_two_level') return;
  const own = await findProject(tx, { id: row.ownerId });
  const same = await limits.listWhere(tx, placeOf(row));
  const registered = (await registeredLimits.find(tx, placeOf(row)))?.defaultLimit ?? 0;
  const above = same.find(({ ownerId }) => ownerId === own?.parentId)?.resourceLimit ?? registered;
  if (row.ownerKind === 'project' && row.resourceLimit > above)
    throw forbidden(`The limit of ${row.resourceLimit} is more than the ${above} of the domain above.`);
  for (const other of same) {
    const project = await findProject(tx, { id: other.ownerId });
    if (project?.parentId === row.ownerId && other.resourceLimit > row.resourceLimit)
      throw forbidden(
        `The limit of ${row.resourceLimit} is less than the ${other.resourceLimit} of project ${project.id}.`,
      );
  }
}

export async function changeLimit(identity: Identity, limit: Limit, input: LimitInput): Promise<Limit> {
  const changed = {
    ...limit,
    ...(input.resource_limit === undefined ? {} : { resourceLimit: input.resource_limit }),
    ...(input.description === undefined ? {} : { description: input.description }),
  };
  await identity.db.transaction(async (tx) => {
    await refuseOverTree(identity, tx, changed);
    await limits.update(tx, limit.id, changed);
  });
  return changed;
}
