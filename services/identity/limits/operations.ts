import { badRequest, conflict, forbidden } from '#shared/errors/fault.ts';
import { findEntry } from '../catalog/store.ts';
import type { Identity } from '../context.ts';
import { newId } from '../projects/operations.ts';
import { findDomain, findProject, lookProject } from '../projects/store.ts';
import { type Limit, limits, type RegisteredLimit, registeredLimits } from './store.ts';

export interface RegisteredWish {
  readonly service_id?: string;
  readonly region_id?: string | null;
  readonly resource_name?: string;
  readonly default_limit?: number;
  readonly description?: string | null;
}
export interface LimitWish {
  readonly service_id?: string;
  readonly region_id?: string | null;
  readonly resource_name?: string;
  readonly resource_limit?: number;
  readonly project_id?: string | null;
  readonly domain_id?: string | null;
  readonly description?: string | null;
}

/** All of a request, or none. */
export async function registerLimits({ db }: Identity, wishes: readonly RegisteredWish[]): Promise<RegisteredLimit[]> {
  const rows = wishes.map((wish) => ({
    id: newId(),
    serviceId: wish.service_id ?? '',
    regionId: wish.region_id ?? '',
    resourceName: wish.resource_name ?? '',
    defaultLimit: wish.default_limit ?? 0,
    description: wish.description ?? null,
  }));
  await db.transaction(async (tx) => {
    for (const row of rows) {
      await ensurePlace(tx, row);
      await refuseTwin(tx, row);
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
  await findEntry(tx, 'services', serviceId).catch(absent('service', serviceId));
  if (regionId) await findEntry(tx, 'regions', regionId).catch(absent('region', regionId));
}

async function refuseTwin(tx: Identity['db'], row: RegisteredLimit): Promise<void> {
  const twin = await registeredLimits.look(tx, placeOf(row));
  if (twin && twin.id !== row.id)
    throw conflict(`Conflict occurred attempting to store registered_limit - Duplicate entry for ${row.resourceName}.`);
}

export async function changeRegistered({ db }: Identity, id: string, wish: RegisteredWish): Promise<RegisteredLimit> {
  const before = await registeredLimits.find(db, id);
  const changed = {
    ...before,
    ...(wish.service_id === undefined ? {} : { serviceId: wish.service_id }),
    ...(wish.region_id === undefined ? {} : { regionId: wish.region_id ?? '' }),
    ...(wish.resource_name === undefined ? {} : { resourceName: wish.resource_name }),
    ...(wish.default_limit === undefined ? {} : { defaultLimit: wish.default_limit }),
    ...(wish.description === undefined ? {} : { description: wish.description }),
  };
  await db.transaction(async (tx) => {
    const moved = (['serviceId', 'regionId', 'resourceName'] as const).some((key) => changed[key] !== before[key]);
    if (moved) await refuseUsed(tx, before);
    await ensurePlace(tx, changed);
    await refuseTwin(tx, changed);
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
    await refuseUsed(tx, await registeredLimits.find(tx, id));
    await registeredLimits.remove(tx, { id });
  });
}

export async function createLimits(identity: Identity, wishes: readonly LimitWish[]): Promise<Limit[]> {
  const rows = wishes.map((wish) => limitOf(wish));
  await identity.db.transaction(async (tx) => {
    for (const row of rows) {
      await (row.ownerKind === 'project' ? findProject(tx, row.ownerId) : findDomain(tx, row.ownerId));
      if (!(await registeredLimits.look(tx, placeOf(row))))
        throw forbidden(`Unable to create a limit that has no registered limit: ${row.resourceName}.`);
      if (await limits.look(tx, { ownerId: row.ownerId, ...placeOf(row) }))
        throw conflict(`Conflict occurred attempting to store limit - Duplicate entry for ${row.resourceName}.`);
      await refuseOverTree(identity, tx, row);
      await limits.insert(tx, row);
    }
  });
  return rows;
}

function limitOf(wish: LimitWish): Limit {
  const ownerId = wish.project_id ?? wish.domain_id ?? '';
  if (Boolean(wish.project_id) === Boolean(wish.domain_id))
    throw badRequest('A limit belongs to a project or to a domain: name one.');
  return {
    id: newId(),
    ownerKind: wish.project_id ? 'project' : 'domain',
    ownerId,
    serviceId: wish.service_id ?? '',
    regionId: wish.region_id ?? '',
    resourceName: wish.resource_name ?? '',
    resourceLimit: wish.resource_limit ?? 0,
    description: wish.description ?? null,
  };
}

/** The strict model has two levels: below a domain no project may have more than it, nor it less than one of them. */
async function refuseOverTree({ config }: Identity, tx: Identity['db'], row: Limit): Promise<void> {
  if (config.limitModel !== 'strict_two_level') return;
  const own = await lookProject(tx, { id: row.ownerId });
  const same = await limits.listWhere(tx, placeOf(row));
  const registered = (await registeredLimits.look(tx, placeOf(row)))?.defaultLimit ?? 0;
  const above = same.find(({ ownerId }) => ownerId === own?.parentId)?.resourceLimit ?? registered;
  if (row.ownerKind === 'project' && row.resourceLimit > above)
    throw forbidden(`The limit of ${row.resourceLimit} is more than the ${above} of the domain above.`);
  for (const other of same) {
    const project = await lookProject(tx, { id: other.ownerId });
    if (project?.parentId === row.ownerId && other.resourceLimit > row.resourceLimit)
      throw forbidden(
        `The limit of ${row.resourceLimit} is less than the ${other.resourceLimit} of project ${project.id}.`,
      );
  }
}

export async function changeLimit(identity: Identity, limit: Limit, wish: LimitWish): Promise<Limit> {
  const changed = {
    ...limit,
    ...(wish.resource_limit === undefined ? {} : { resourceLimit: wish.resource_limit }),
    ...(wish.description === undefined ? {} : { description: wish.description }),
  };
  await identity.db.transaction(async (tx) => {
    await refuseOverTree(identity, tx, changed);
    await limits.update(tx, limit.id, changed);
  });
  return changed;
}
