import { randomUUID } from 'node:crypto';
import { atLeast } from '#shared/api/versions.ts';
import { isAdmin } from '#shared/auth/caller.ts';
import { badRequest, conflict, Fault } from '#shared/errors/fault.ts';
import { accepted, type Handler, ok } from '#shared/http/route.ts';
import { own } from '#shared/input/own.ts';
import type { Volumes } from '../context.ts';
import { hasAll, type Listing, pageOf, textFilters } from '../listing/page.ts';
import { dictionaryOf, isTrue } from '../listing/values.ts';
import { isTypeUsed } from '../volumes/store.ts';
import type { VolumeType } from './store.ts';
import * as store from './store.ts';

export const defaultType = '__DEFAULT__';

/** Extra specs that say how the back end is made are for administrators alone. */
const open = /^(RESKEY:availability_zones|multiattach|replication_enabled)$/;

/** Lists and shows say to administrators that no QoS goes with it; what was just written does not. */
const shownView = (type: VolumeType, admin: boolean) => ({
  ...typeView(type, admin),
  ...(admin ? { qos_specs_id: null } : {}),
});

function typeView(type: VolumeType, admin: boolean) {
  const specs = Object.entries(type.extraSpecs).filter(([key]) => admin || open.test(key));
  return {
    id: type.id,
    name: type.name,
    is_public: type.isPublic,
    description: type.description,
    extra_specs: Object.fromEntries(specs),
    'os-volume-type-access:is_public': type.isPublic,
  };
}

const listing: Listing<VolumeType> = {
  collection: 'volume_types',
  what: 'Volume type',
  filters: {
    ...textFilters<VolumeType>('name', ({ name }) => name),
    extra_specs: ({ extraSpecs }, value) => hasAll(extraSpecs, dictionaryOf(value)),
  },
  sortKeys: { created_at: ({ createdAt }) => createdAt, name: ({ name }) => name },
};

export const listTypes: Handler<Volumes> = async ({ db }, call) => {
  const { caller, query, version } = call;
  const types = (await store.listTypes(db, caller)).filter(({ isPublic }) =>
    isWanted(isPublic, query.is_public, caller),
  );
  const { extra_specs, ...before } = query;
  const asked = atLeast(version, '3.52') && extra_specs ? { ...before, extra_specs } : before;
  const page = pageOf(listing, types, Object.create(call, { query: { value: asked } }));
  return ok({ volume_types: page.rows.map((type) => shownView(type, isAdmin(caller))), ...page.beside });
};

/** An administrator sees public ones unless he asks for others, or for all with none. */
function isWanted(isPublic: boolean, asked: string | undefined, caller: Parameters<typeof isAdmin>[0]): boolean {
  if (!isAdmin(caller)) return true;
  if (asked === undefined) return isPublic;
  return /^none$/i.test(asked) || isPublic === isTrue(asked);
}

/** `default` is the type that a volume without a request gets. */
export const showType: Handler<Volumes> = async ({ db }, { caller, params }) => {
  const named = params.id === 'default' ? await store.readTypeNamed(db, defaultType) : undefined;
  const type = named ?? (await store.findType(db, caller, params.id ?? ''));
  return ok({ volume_type: shownView(type, isAdmin(caller)) });
};

interface TypeInput {
  readonly name?: string | null;
  readonly description?: string | null;
  readonly is_public?: boolean | string;
  readonly 'os-volume-type-access:is_public'?: boolean | string;
  readonly extra_specs?: Readonly<Record<string, string>> | null;
}

export const createType: Handler<Volumes, { volume_type: TypeInput }> = async ({ db }, { body }) => {
  const input = body.volume_type;
  const name = input.name?.trim() ?? '';
  if (name === '') throw badRequest('Volume type name can not be empty.');
  const type: VolumeType = {
    id: randomUUID(),
    name,
    description: input.description ?? null,
    isPublic: isTrue(input['os-volume-type-access:is_public'] ?? input.is_public ?? true),
    extraSpecs: input.extra_specs ?? {},
    createdAt: Date.now(),
  };
  await db.transaction((tx) => store.insertType(tx, type));
  return ok({ volume_type: typeView(type, true) });
};

export const updateType: Handler<Volumes, { volume_type: TypeInput }> = async ({ db }, { caller, params, body }) => {
  const type = await store.findType(db, caller, params.id ?? '');
  const { name, description, is_public } = body.volume_type;
  if (name === undefined && description === undefined && is_public === undefined)
    throw badRequest('Specify volume type name, description, is_public or a combination thereof.');
  if (name !== undefined && name !== null && name.trim() === '') throw badRequest('Volume type name can not be empty.');
  const other = name ? await store.readTypeNamed(db, name.trim()) : undefined;
  if (other && other.id !== type.id) throw conflict(`Volume Type ${name} already exists.`);
  await store.changeType(db, type.id, {
    ...(name ? { name: name.trim() } : {}),
    ...(description === undefined ? {} : { description }),
    ...(is_public === undefined ? {} : { isPublic: isTrue(is_public) }),
  });
  const { 'os-volume-type-access:is_public': _, ...view } = typeView(await store.findType(db, caller, type.id), true);
  return ok({ volume_type: view });
};

export const deleteType: Handler<Volumes> = async ({ db }, { caller, params }) => {
  const { id, name } = await store.findType(db, caller, params.id ?? '');
  if (name === defaultType) throw badRequest(`The volume type ${id} is a default volume type and cannot be deleted.`);
  await db.transaction(async (tx) => {
    if (await isTypeUsed(tx, id)) throw badRequest('Target volume type is still in use.');
    await store.removeType(tx, id);
  });
  return accepted();
};

export const listSpecs: Handler<Volumes> = async ({ db }, { caller, params }) => {
  const type = await store.findType(db, caller, params.id ?? '');
  return ok({ extra_specs: typeView(type, isAdmin(caller)).extra_specs });
};

const specMissing = (id: string, key: string) =>
  new Fault(404, 'notFound', `Volume Type ${id} has no extra specs with key ${key}.`);

export const showSpec: Handler<Volumes> = async ({ db }, { caller, params }) => {
  const type = await store.findType(db, caller, params.id ?? '');
  const { key = '' } = params;
  const value = own(typeView(type, isAdmin(caller)).extra_specs, key);
  if (value === undefined) throw specMissing(type.id, key);
  return ok({ [key]: value });
};

type Specs = Readonly<Record<string, string>>;

export const addSpecs: Handler<Volumes, { extra_specs: Specs }> = async ({ db }, { caller, params, body }) => {
  const type = await store.findType(db, caller, params.id ?? '');
  await store.changeType(db, type.id, { extraSpecs: { ...type.extraSpecs, ...body.extra_specs } });
  return ok({ extra_specs: body.extra_specs });
};

export const putSpec: Handler<Volumes, Specs> = async ({ db }, { caller, params, body }) => {
  const type = await store.findType(db, caller, params.id ?? '');
  const { key = '' } = params;
  if (!Object.hasOwn(body, key)) throw badRequest('Request body and URI mismatch');
  await store.changeType(db, type.id, { extraSpecs: { ...type.extraSpecs, [key]: own(body, key) ?? '' } });
  return ok({ [key]: body[key] });
};

export const removeSpec: Handler<Volumes> = async ({ db }, { caller, params }) => {
  const type = await store.findType(db, caller, params.id ?? '');
  const { key = '' } = params;
  if (!Object.hasOwn(type.extraSpecs, key)) throw specMissing(type.id, key);
  const { [key]: _, ...extraSpecs } = type.extraSpecs;
  await store.changeType(db, type.id, { extraSpecs });
  return accepted();
};

export const listTypeAccess: Handler<Volumes> = async ({ db }, { caller, params }) => {
  const { id, isPublic } = await store.findType(db, caller, params.id ?? '');
  if (isPublic) throw new Fault(404, 'notFound', 'Access list not available for public volume types.');
  const projects = await store.listAccess(db, id);
  return ok({ volume_type_access: projects.map((project_id) => ({ volume_type_id: id, project_id })) });
};

export const addAccess: Handler<Volumes, { addProjectAccess: { project: string } }> = async (
  { db },
  { caller, params, body },
) => {
  const { id, isPublic } = await store.findType(db, caller, params.id ?? '');
  const { project } = body.addProjectAccess;
  if (isPublic)
    throw conflict('Invalid input received: Type access modification is not applicable to public volume type.');
  if ((await store.listAccess(db, id)).includes(project))
    throw conflict(`Volume type access for ${id} / ${project} combination already exists.`);
  await store.addAccess(db, id, project);
  return accepted();
};

export const removeAccess: Handler<Volumes, { removeProjectAccess: { project: string } }> = async (
  { db },
  { caller, params, body },
) => {
  const { id } = await store.findType(db, caller, params.id ?? '');
  const { project } = body.removeProjectAccess;
  if (!(await store.listAccess(db, id)).includes(project))
    throw new Fault(404, 'notFound', `Volume type access not found for ${id} / ${project} combination.`);
  await store.removeAccess(db, id, project);
  return accepted();
};
