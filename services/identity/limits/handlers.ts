import { type Call, created, gone, type Handler, ok } from '#shared/http/route.ts';
import { collection } from '../collection/view.ts';
import type { Identity } from '../context.ts';
import { findProject, listProjects } from '../projects/store.ts';
import { authorized, type Subject } from '../subjects/authorized.ts';
import { orNotFound } from '../subjects/subjects.ts';
import {
  changeLimit,
  changeRegistered,
  createLimits as create,
  type LimitInput,
  type RegisteredInput,
  registerLimits as register,
  removeRegistered,
} from './operations.ts';
import { type Limit, limits, type RegisteredLimit, registeredLimits } from './store.ts';

const registeredView = (row: RegisteredLimit, base: string) => ({
  id: row.id,
  service_id: row.serviceId,
  region_id: row.regionId || null,
  resource_name: row.resourceName,
  default_limit: row.defaultLimit,
  description: row.description,
  links: { self: `${base}/v3/registered_limits/${row.id}` },
});

const limitView = (row: Limit, base: string) => ({
  id: row.id,
  project_id: row.ownerKind === 'project' ? row.ownerId : null,
  domain_id: row.ownerKind === 'domain' ? row.ownerId : null,
  service_id: row.serviceId,
  region_id: row.regionId || null,
  resource_name: row.resourceName,
  resource_limit: row.resourceLimit,
  description: row.description,
  links: { self: `${base}/v3/limits/${row.id}` },
});

export const listRegistered: Handler<Identity> = async ({ db }, call) => {
  const rows = await registeredLimits.list(db, call.queries);
  return ok(
    collection(
      call,
      'registered_limits',
      rows.map((row) => registeredView(row, call.base)),
    ),
  );
};

export const createRegistered: Handler<Identity, { registered_limits: RegisteredInput[] }> = async (identity, call) => {
  const rows = await register(identity, call.body.registered_limits);
  return created(
    collection(
      call,
      'registered_limits',
      rows.map((row) => registeredView(row, call.base)),
    ),
  );
};

export const showRegistered: Handler<Identity, unknown, 'id'> = async ({ db }, { params, base }) =>
  ok({ registered_limit: registeredView(await registeredLimits.get(db, params.id), base) });

export const updateRegistered: Handler<Identity, { registered_limit: RegisteredInput }, 'id'> = async (
  identity,
  call,
) => {
  const changed = await changeRegistered(identity, call.params.id, call.body.registered_limit);
  return ok({ registered_limit: registeredView(changed, call.base) });
};

export const deleteRegistered: Handler<Identity, unknown, 'id'> = async (identity, { params }) => {
  await removeRegistered(identity, params.id);
  return gone();
};

async function targetOf({ db }: Identity, limit: Limit | undefined) {
  if (limit === undefined) return {};
  const { ownerKind, ownerId } = limit;
  if (ownerKind === 'domain') return { 'target.limit.domain.id': ownerId };
  const project = await findProject(db, { id: ownerId });
  return { 'target.limit.project_id': ownerId, 'target.limit.project.domain_id': project?.domainId ?? '' };
}

/** A list contains the limits of the scope of the token; system scope, administrators and services see all. */
async function inScopeOf(
  { db }: Identity,
  { caller, may }: Pick<Call, 'caller' | 'may'>,
): Promise<(row: Limit) => boolean> {
  const { system, domainId, projectId } = caller;
  if (system || may('service_or_admin')) return () => true;
  if (domainId === null) return ({ ownerKind, ownerId }) => ownerKind === 'project' && ownerId === projectId;
  const owners = new Set((await listProjects(db, { domain_id: [domainId] }, false)).map(({ id }) => id)).add(domainId);
  return ({ ownerId }) => owners.has(ownerId);
}

export const listLimits: Handler<Identity> = async (identity, call) => {
  const rows = await limits.list(identity.db, call.queries);
  const seen = rows.filter(await inScopeOf(identity, call));
  return ok(
    collection(
      call,
      'limits',
      seen.map((row) => limitView(row, call.base)),
    ),
  );
};

export const createLimits: Handler<Identity, { limits: LimitInput[] }> = async (identity, call) => {
  const rows = await create(identity, call.body.limits);
  return created(
    collection(
      call,
      'limits',
      rows.map((row) => limitView(row, call.base)),
    ),
  );
};

const subject: Subject<Limit | undefined, Limit> = {
  find: ({ db }, { id = '' }) => limits.find(db, { id }),
  target: (limit, _params, identity) => targetOf(identity, limit),
  require: (limit, { id }) => orNotFound('limit', limit, id),
};

export const showLimit = authorized({ subject, rule: 'identity:get_limit' }, async (_identity, call, limit) =>
  ok({ limit: limitView(limit, call.base) }),
);

export const updateLimit: Handler<Identity, { limit: LimitInput }, 'id'> = async (identity, { params, body, base }) => {
  const row = await limits.get(identity.db, params.id);
  return ok({ limit: limitView(await changeLimit(identity, row, body.limit), base) });
};

export const deleteLimit: Handler<Identity, unknown, 'id'> = async ({ db }, { params }) => {
  const { id } = await limits.get(db, params.id);
  await limits.remove(db, { id });
  return gone();
};

const meanings = {
  flat: 'Limit enforcement and validation does not take project hierarchy into consideration.',
  strict_two_level:
    'This model requires project hierarchy never exceeds a depth of two, and no child has more than its parent.',
} as const;

export const showModel: Handler<Identity> = async ({ config }) =>
  ok({ model: { name: config.limitModel, description: meanings[config.limitModel] } });
