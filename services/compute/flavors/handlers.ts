import { atLeast } from '#shared/api/versions.ts';
import { isAdmin } from '#shared/auth/caller.ts';
import { badRequest, conflict, Fault } from '#shared/errors/fault.ts';
import { accepted, type Call, type Handler, ok } from '#shared/http/route.ts';
import { own } from '#shared/input/own.ts';
import type { Compute } from '../context.ts';
import { mostPerPage } from '../dialect.ts';
import { createFlavor, type FlavorBody } from './operations.ts';
import {
  changeFlavor,
  type Flavor,
  type FlavorFilter,
  findFlavor,
  insertAccess,
  listAccess,
  listFlavors,
  removeAccess,
  removeFlavor,
} from './store.ts';
import { briefFlavorView, flavorView } from './view.ts';

const seenBy = ({ base, may }: Call<never>, flavor: Flavor) => ({
  flavor,
  base,
  specs: may('os_compute_api:os-flavor-extra-specs:index'),
});

const sortColumns: Readonly<Record<string, FlavorFilter['sortKey']>> = {
  flavorid: 'id',
  id: 'id',
  name: 'name',
  memory_mb: 'ramMb',
  root_gb: 'diskGb',
  vcpus: 'vcpus',
  created_at: 'createdAt',
  updated_at: 'updatedAt',
  swap: 'swapMb',
  ephemeral_gb: 'ephemeralGb',
};

const whole = (name: string, text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) throw badRequest(`Invalid ${name} filter [${text}]`);
  return Number(text);
};

/** Who is no administrator sees public ones and those of its project; an administrator chooses. */
function publicRequested({ caller, query }: Call<never>): boolean | undefined {
  const asked = query.is_public?.toLowerCase();
  if (!isAdmin(caller)) return undefined;
  if (asked === undefined || asked === '') return true;
  if (asked === 'none') return undefined;
  if (/^(true|1|t|yes|on|y)$/.test(asked)) return true;
  if (/^(false|0|f|no|off|n)$/.test(asked)) return false;
  throw badRequest(`Invalid is_public filter [${query.is_public}]`);
}

async function page(compute: Compute, call: Call<never>) {
  const { caller, query } = call;
  const sortKey = own(sortColumns, query.sort_key ?? 'flavorid');
  if (!sortKey) throw badRequest(`Sort key supplied was not valid.`);
  const isPublic = publicRequested(call);
  const minRamMb = whole('minRam', query.minRam);
  const minDiskGb = whole('minDisk', query.minDisk);
  const limit = Math.min(mostPerPage, whole('limit', query.limit) ?? mostPerPage);
  const flavors = await listFlavors(compute.db, caller, {
    sortKey,
    sortDir: query.sort_dir === 'desc' ? 'desc' : 'asc',
    limit,
    ...(query.marker === undefined ? {} : { marker: query.marker }),
    ...(isPublic === undefined ? {} : { isPublic }),
    ...(minRamMb === undefined ? {} : { minRamMb }),
    ...(minDiskGb === undefined ? {} : { minDiskGb }),
  }).catch((error: unknown) => {
    if (error instanceof Fault && error.status === 404) throw badRequest(`marker [${query.marker}] not found`);
    throw error;
  });
  return {
    flavors,
    links: call.page(
      'flavors',
      flavors.map(({ id }) => id),
      limit,
    ),
  };
}

export const listFlavorNames: Handler<Compute> = async (compute, call) => {
  const { flavors, links } = await page(compute, call);
  return ok({ flavors: flavors.map((each) => briefFlavorView(seenBy(call, each), call.version)), ...links });
};

export const listFlavorDetails: Handler<Compute> = async (compute, call) => {
  const { flavors, links } = await page(compute, call);
  return ok({ flavors: flavors.map((each) => flavorView(seenBy(call, each), call.version)), ...links });
};

const found = ({ db }: Compute, { caller, params }: Call<never>) => findFlavor(db, caller, params.id ?? '');

export const showFlavor: Handler<Compute> = async (compute, call) =>
  ok({ flavor: flavorView(seenBy(call, await found(compute, call)), call.version) });

export const makeFlavor: Handler<Compute, { flavor: FlavorBody }> = async ({ db }, call) => {
  if (call.body.flavor.description !== undefined && !atLeast(call.version, '2.55'))
    throw badRequest("Additional properties are not allowed ('description' was unexpected)");
  const flavor = await createFlavor(db, call.body.flavor);
  return ok({ flavor: flavorView(seenBy(call as unknown as Call<never>, flavor), call.version) });
};

export const describeFlavor: Handler<Compute, { flavor: { description: string | null } }> = async (compute, call) => {
  const plain = call as unknown as Call<never>;
  const flavor = await found(compute, plain);
  const { description } = call.body.flavor;
  await changeFlavor(compute.db, flavor.id, { description });
  return ok({ flavor: flavorView(seenBy(plain, { ...flavor, description }), call.version) });
};

export const deleteFlavor: Handler<Compute> = async (compute, call) => {
  const { id } = await found(compute, call);
  await compute.db.transaction((tx) => removeFlavor(tx, id));
  return accepted();
};

export const listSpecs: Handler<Compute> = async (compute, call) =>
  ok({ extra_specs: (await found(compute, call)).extraSpecs });

const specNotFound = (id: string, key: string) =>
  new Fault(404, 'notFound', `Flavor ${id} has no extra specs with key ${key}.`);

export const showSpec: Handler<Compute> = async (compute, call) => {
  const { id, extraSpecs } = await found(compute, call);
  const key = call.params.key ?? '';
  const value = own(extraSpecs, key);
  if (value === undefined) throw specNotFound(id, key);
  return ok({ [key]: value });
};

type Specs = Readonly<Record<string, string | number>>;
const texts = (specs: Specs) => Object.fromEntries(Object.entries(specs).map(([key, value]) => [key, String(value)]));

export const addSpecs: Handler<Compute, { extra_specs: Specs }> = async (compute, call) => {
  const { id, extraSpecs } = await found(compute, call as unknown as Call<never>);
  const added = texts(call.body.extra_specs);
  await changeFlavor(compute.db, id, { extraSpecs: { ...extraSpecs, ...added } });
  return ok({ extra_specs: added });
};

export const changeSpec: Handler<Compute, Specs> = async (compute, call) => {
  const { id, extraSpecs } = await found(compute, call as unknown as Call<never>);
  const key = call.params.key ?? '';
  const value = own(texts(call.body), key);
  if (value === undefined) throw badRequest('Request body and URI mismatch');
  await changeFlavor(compute.db, id, { extraSpecs: { ...extraSpecs, [key]: value } });
  return ok({ [key]: value });
};

export const deleteSpec: Handler<Compute> = async (compute, call) => {
  const { id, extraSpecs } = await found(compute, call);
  const key = call.params.key ?? '';
  const { [key]: gone, ...rest } = extraSpecs;
  if (gone === undefined) throw specNotFound(id, key);
  await changeFlavor(compute.db, id, { extraSpecs: rest });
  return ok(undefined);
};

const accessView = async ({ db }: Compute, id: string) => ({
  flavor_access: (await listAccess(db, id)).map((tenant_id) => ({ flavor_id: id, tenant_id })),
});

export const showAccess: Handler<Compute> = async (compute, call) => {
  const { id, isPublic } = await found(compute, call);
  if (isPublic) throw new Fault(404, 'notFound', 'Access list not available for public flavors.');
  return ok(await accessView(compute, id));
};

export const addAccess: Handler<Compute, { addTenantAccess: { tenant: string } }> = async (compute, call) => {
  const { id, isPublic } = await found(compute, call as unknown as Call<never>);
  const { tenant } = call.body.addTenantAccess;
  if (isPublic && atLeast(call.version, '2.7')) throw conflict('Can not add access to a public flavor.');
  if (!(await compute.db.transaction((tx) => insertAccess(tx, id, tenant))))
    throw conflict(`Flavor access already exists for flavor ${id} and project ${tenant} combination.`);
  return ok(await accessView(compute, id));
};

export const dropAccess: Handler<Compute, { removeTenantAccess: { tenant: string } }> = async (compute, call) => {
  const { id } = await found(compute, call as unknown as Call<never>);
  const { tenant } = call.body.removeTenantAccess;
  if (!(await removeAccess(compute.db, id, tenant)))
    throw new Fault(404, 'notFound', `Flavor access not found for flavor ${id} and project ${tenant} combination.`);
  return ok(await accessView(compute, id));
};
