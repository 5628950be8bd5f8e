import { created, type Handler, noContent, ok } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { couldNotFind } from '../resources/store.ts';
import { listOf } from '../resources/view.ts';
import { imply, stopImplying } from './operations.ts';
import { type Role, role } from './resource.ts';
import { type Implication, listImplications, listRolesIn } from './store.ts';

/** Without a domain in the query, the roles that belong to no domain. */
export const listRoles: Handler<Identity> = async ({ db }, call) => {
  call.authorize(call.query.domain_id ? 'identity:list_domain_roles' : 'identity:list_roles', {});
  return listOf(call, role, await role.rows.list(db, { filters: { domain_id: [''], ...call.queries } }));
};

const short = ({ id, name }: Role, base: string) => ({ id, name, links: { self: `${base}/v3/roles/${id}` } });

async function inferenceView({ db }: Identity, prior: Role, implied: readonly Implication[], base: string) {
  const roles = await listRolesIn(
    db,
    implied.map(({ impliedId }) => impliedId),
  );
  return { prior_role: short(prior, base), implies: roles.map((each) => short(each, base)) };
}

export const listImplied: Handler<Identity, unknown, 'id'> = async (identity, { params: { id }, base }) => {
  const prior = await role.rows.get(identity.db, id);
  const implied = await listImplications(identity.db, { priorId: id });
  const inference = await inferenceView(identity, prior, implied, base);
  return ok({ role_inference: inference, links: { self: `${base}/v3/roles/${id}/implies` } });
};

type Pair = Handler<Identity, unknown, 'id' | 'impliedId'>;

const pairView = (prior: Role, implied: Role, base: string) => ({
  role_inference: { prior_role: short(prior, base), implies: short(implied, base) },
  links: { self: `${base}/v3/roles/${prior.id}/implies/${implied.id}` },
});

export const putImplied: Pair = async (identity, { params: { id, impliedId }, base }) => {
  const prior = await role.rows.get(identity.db, id);
  const implied = await role.rows.get(identity.db, impliedId);
  await imply(identity, prior, implied);
  return created(pairView(prior, implied, base));
};

export const showImplied: Pair = async ({ db }, { params: { id, impliedId }, base, method }) => {
  const prior = await role.rows.get(db, id);
  const implied = await role.rows.get(db, impliedId);
  if ((await listImplications(db, { priorId: id, impliedId })).length === 0)
    throw couldNotFind('role inference', `${id} implies ${impliedId}`);
  return method === 'HEAD' ? noContent() : ok(pairView(prior, implied, base));
};

export const deleteImplied: Pair = async (identity, { params: { id, impliedId } }) => {
  await stopImplying(identity, { priorId: id, impliedId });
  return noContent();
};

export const listInferences: Handler<Identity> = async (identity, { base }) => {
  const byPrior = Map.groupBy(await listImplications(identity.db), ({ priorId }) => priorId);
  const priors = await listRolesIn(identity.db, [...byPrior.keys()]);
  const inferences = priors.map((prior) => inferenceView(identity, prior, byPrior.get(prior.id) ?? [], base));
  return ok({ role_inferences: await Promise.all(inferences), links: { self: `${base}/v3/role_inferences` } });
};
