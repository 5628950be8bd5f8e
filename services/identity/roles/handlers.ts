import { created, gone, type Handler, ok } from '#shared/http/route.ts';
import { collection } from '../collection/view.ts';
import type { Identity } from '../context.ts';
import { absent } from '../projects/store.ts';
import { changeRole, createRole as create, dropRole, imply, type RoleWish, stopImplying } from './operations.ts';
import { findRole, listRoles as list, listImplications, type Role } from './store.ts';

const view = ({ id, name, domainId, description, options, extra }: Role, base: string) => ({
  ...extra,
  id,
  name,
  domain_id: domainId,
  description,
  options,
  links: { self: `${base}/v3/roles/${id}` },
});
const short = ({ id, name }: Role, base: string) => ({ id, name, links: { self: `${base}/v3/roles/${id}` } });

export const listRoles: Handler<Identity> = async ({ db }, call) =>
  ok(
    collection(
      call,
      'roles',
      (await list(db, call.queries)).map((role) => view(role, call.base)),
    ),
  );

export const createRole: Handler<Identity, { role: RoleWish }> = async (identity, { body, base }) =>
  created({ role: view(await create(identity, body.role), base) });

export const showRole: Handler<Identity> = async ({ db }, { params, base }) =>
  ok({ role: view(await findRole(db, params.id ?? ''), base) });

export const updateRole: Handler<Identity, { role: RoleWish }> = async (identity, { params, body, base }) =>
  ok({ role: view(await changeRole(identity, params.id ?? '', body.role), base) });

export const deleteRole: Handler<Identity> = async (identity, { params }) => {
  await dropRole(identity, params.id ?? '');
  return gone();
};

async function implicationView({ db }: Identity, priorId: string, base: string) {
  const prior = await findRole(db, priorId);
  const found = (await listImplications(db)).filter((each) => each.priorId === priorId);
  const implies = await Promise.all(found.map(async ({ impliedId }) => short(await findRole(db, impliedId), base)));
  return { prior_role: short(prior, base), implies };
}

export const listImplied: Handler<Identity> = async (identity, { params, base }) => {
  const inference = await implicationView(identity, params.id ?? '', base);
  return ok({ role_inference: inference, links: { self: `${base}/v3/roles/${params.id}/implies` } });
};

export const putImplied: Handler<Identity> = async (identity, { params, base }) => {
  const [prior, implied] = [
    await findRole(identity.db, params.id ?? ''),
    await findRole(identity.db, params.impliedId ?? ''),
  ];
  await imply(identity, { priorId: prior.id, impliedId: implied.id });
  return created({
    role_inference: { prior_role: short(prior, base), implies: short(implied, base) },
    links: { self: `${base}/v3/roles/${prior.id}/implies/${implied.id}` },
  });
};

export const showImplied: Handler<Identity> = async ({ db }, { params, base, method }) => {
  const [prior, implied] = [await findRole(db, params.id ?? ''), await findRole(db, params.impliedId ?? '')];
  const known = (await listImplications(db)).some(
    ({ priorId, impliedId }) => priorId === prior.id && impliedId === implied.id,
  );
  if (!known) throw absent('role inference', `${prior.id} implies ${implied.id}`);
  if (method === 'HEAD') return gone();
  return ok({
    role_inference: { prior_role: short(prior, base), implies: short(implied, base) },
    links: { self: `${base}/v3/roles/${prior.id}/implies/${implied.id}` },
  });
};

export const deleteImplied: Handler<Identity> = async (identity, { params }) => {
  await stopImplying(identity, { priorId: params.id ?? '', impliedId: params.impliedId ?? '' });
  return gone();
};

export const listInferences: Handler<Identity> = async (identity, { base }) => {
  const priors = [...new Set((await listImplications(identity.db)).map(({ priorId }) => priorId))];
  const inferences = await Promise.all(priors.map((id) => implicationView(identity, id, base)));
  return ok({ role_inferences: inferences, links: { self: `${base}/v3/role_inferences` } });
};
