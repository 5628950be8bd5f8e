import { created, gone, type Handler, ok } from '#shared/http/route.ts';
import { collection } from '../collection/view.ts';
import type { Identity } from '../context.ts';
import { couldNotFind } from '../projects/store.ts';
import { authorized, type Subject } from '../subjects/authorized.ts';
import { orNotFound } from '../subjects/subjects.ts';
import { changeRole, createRole as create, dropRole, imply, type RoleInput, stopImplying } from './operations.ts';
import { findRole, getRole, listRoles as list, listImplications, type Role } from './store.ts';
import { roleView } from './view.ts';

const short = ({ id, name }: Role, base: string) => ({ id, name, links: { self: `${base}/v3/roles/${id}` } });

export const listRoles: Handler<Identity> = async ({ db }, call) => {
  call.authorize(call.query.domain_id ? 'identity:list_domain_roles' : 'identity:list_roles', {});
  const found = await list(db, call.queries);
  return ok(
    collection(
      call,
      'roles',
      found.map((role) => roleView(role, call.base)),
    ),
  );
};

export const createRole: Handler<Identity, { role: RoleInput }> = async (identity, call) => {
  const { role } = call.body;
  call.authorize(role.domain_id ? 'identity:create_domain_role' : 'identity:create_role', {});
  return created({ role: roleView(await create(identity, role), call.base) });
};

const subject: Subject<Role | undefined, Role> = {
  find: ({ db }, { id = '' }) => findRole(db, id),
  target: (role) => (role ? { 'target.role.domain_id': role.domainId, 'target.role.name': role.name } : {}),
  require: (role, { id }) => orNotFound('role', role, id),
};

/** Domain roles have rules of their own. Keystone does not hide role ids: an unknown one is 404 for every caller. */
function onRole(verb: 'get' | 'update' | 'delete') {
  const [global, ofDomain] = [`identity:${verb}_role`, `identity:${verb}_domain_role`] as const;
  const choose = (role: Role | undefined) => (role && role.domainId !== null ? ofDomain : global);
  return { subject, rule: { names: [global, ofDomain], choose }, notFoundFirst: true };
}

export const showRole = authorized(onRole('get'), async (_identity, call, role) =>
  ok({ role: roleView(role, call.base) }),
);

export const updateRole = authorized<Role | undefined, Role, { role: RoleInput }>(
  onRole('update'),
  async (identity, call, { id }) => ok({ role: roleView(await changeRole(identity, id, call.body.role), call.base) }),
);

export const deleteRole = authorized(onRole('delete'), async (identity, _call, { id }) => {
  await dropRole(identity, id);
  return gone();
});

async function implicationView({ db }: Identity, priorId: string, base: string) {
  const prior = await getRole(db, priorId);
  const found = (await listImplications(db)).filter((each) => each.priorId === priorId);
  const implies = await Promise.all(found.map(async ({ impliedId }) => short(await getRole(db, impliedId), base)));
  return { prior_role: short(prior, base), implies };
}

export const listImplied: Handler<Identity, unknown, 'id'> = async (identity, { params, base }) => {
  const inference = await implicationView(identity, params.id, base);
  return ok({ role_inference: inference, links: { self: `${base}/v3/roles/${params.id}/implies` } });
};

export const putImplied: Handler<Identity, unknown, 'id' | 'impliedId'> = async (identity, { params, base }) => {
  const [prior, implied] = [await getRole(identity.db, params.id), await getRole(identity.db, params.impliedId)];
  await imply(identity, { priorId: prior.id, impliedId: implied.id });
  return created({
    role_inference: { prior_role: short(prior, base), implies: short(implied, base) },
    links: { self: `${base}/v3/roles/${prior.id}/implies/${implied.id}` },
  });
};

export const showImplied: Handler<Identity, unknown, 'id' | 'impliedId'> = async ({ db }, { params, base, method }) => {
  const [prior, implied] = [await getRole(db, params.id), await getRole(db, params.impliedId)];
  const known = (await listImplications(db)).some(
    ({ priorId, impliedId }) => priorId === prior.id && impliedId === implied.id,
  );
  if (!known) throw couldNotFind('role inference', `${prior.id} implies ${implied.id}`);
  if (method === 'HEAD') return gone();
  return ok({
    role_inference: { prior_role: short(prior, base), implies: short(implied, base) },
    links: { self: `${base}/v3/roles/${prior.id}/implies/${implied.id}` },
  });
};

export const deleteImplied: Handler<Identity, unknown, 'id' | 'impliedId'> = async (identity, { params }) => {
  await stopImplying(identity, { priorId: params.id, impliedId: params.impliedId });
  return gone();
};

export const listInferences: Handler<Identity> = async (identity, { base }) => {
  const priors = [...new Set((await listImplications(identity.db)).map(({ priorId }) => priorId))];
  const inferences = await Promise.all(priors.map((id) => implicationView(identity, id, base)));
  return ok({ role_inferences: inferences, links: { self: `${base}/v3/role_inferences` } });
};
