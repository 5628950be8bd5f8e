import { forbidden } from '#shared/errors/fault.ts';
import { type Answer, type Call, created, type Handler, noContent, ok } from '#shared/http/route.ts';
import type { Body } from '#shared/resource/body.ts';
import type { Identity } from '../context.ts';
import { listOf } from '../resources/view.ts';
import { role } from '../roles/resource.ts';
import { listRolesIn } from '../roles/store.ts';
import { authorized, orNotFound, subjectOf } from '../subjects/authorized.ts';
import { refuseDelegated } from '../tokens/delegation.ts';
import { createTrust as create, deleteTrust as drop, findTrust, type TrustRoles } from './operations.ts';
import { type Trust, trust } from './resource.ts';
import { listValidTrusts } from './store.ts';

async function trustView({ db }: Identity, row: Trust, base: string) {
  const self = `${base}/v3/OS-TRUST/trusts/${row.id}/roles`;
  const roles = await listRolesIn(db, row.roleIds);
  return {
    ...trust.view(row, base),
    roles: roles.map((each) => role.view(each, base)),
    roles_links: { next: null, previous: null, self },
  };
}

export const createTrust: Handler<Identity, { trust: Body & TrustRoles }> = async (identity, call) => {
  const { trust: body } = call.body;
  const input = trust.create(body);
  await refuseDelegated(identity, call.caller, 'make a trust');
  if (input.trustorId !== call.caller.userId) throw forbidden('The trustor must be the user of the token.');
  call.authorize('identity:create_trust', { 'target.trust.trustor_user_id': input.trustorId });
  return created({ trust: await trustView(identity, await create(identity, input, body), call.base) });
};

/** 403 for delegated tokens, which may not manage trusts. */
const refuse = (identity: Identity, call: Call) => refuseDelegated(identity, call.caller, 'manage trusts');

export const listTrusts: Handler<Identity> = async (identity, call) => {
  await refuse(identity, call);
  const { trustor_user_id: trustor, trustee_user_id: trustee } = call.query;
  const asked = {
    ...(trustor === undefined ? {} : { 'target.trust.trustor_user_id': trustor }),
    ...(trustee === undefined ? {} : { 'target.trust.trustee_user_id': trustee }),
  };
  if (trustor !== undefined) call.authorize('identity:list_trusts_for_trustor', asked);
  if (trustee !== undefined) call.authorize('identity:list_trusts_for_trustee', asked);
  if (trustor === undefined && trustee === undefined) call.authorize('identity:list_trusts', {});
  return listOf(call, trust, await listValidTrusts(identity.db, call.queries));
};

const anyTrust = subjectOf(trust, ({ trustorId, trusteeId }) => ({
  'target.trust.trustor_user_id': trustorId,
  'target.trust.trustee_user_id': trusteeId,
}));
const subject: typeof anyTrust = { ...anyTrust, find: (identity, { id = '' }) => findTrust(identity, id) };

type Run = (identity: Identity, call: Call, row: Trust) => Promise<Answer>;

/** Keystone does not hide trust ids: an unknown one is 404 for every caller. */
const onTrust = (rule: `identity:${string}`, act: Run) =>
  authorized({ subject, rule, notFoundFirst: true }, async (identity, call: Call, row: Trust) => {
    await refuse(identity, call);
    return act(identity, call, row);
  });

export const showTrust = onTrust('identity:get_trust', async (identity, call, row) =>
  ok({ trust: await trustView(identity, row, call.base) }),
);

export const deleteTrust = onTrust('identity:delete_trust', async (identity, _call, row) => {
  await drop(identity, row);
  return noContent();
});

export const listTrustRoles = onTrust('identity:list_roles_for_trust', async ({ db }, call, { roleIds }) =>
  listOf(call, role, await listRolesIn(db, roleIds)),
);

export const showTrustRole = onTrust('identity:get_role_for_trust', async ({ db }, { params, base }, { roleIds }) => {
  const { roleId = '' } = params;
  const found = roleIds.includes(roleId) ? await role.rows.find(db, { id: roleId }) : undefined;
  return ok({ role: role.view(orNotFound('role', found, roleId), base) });
});
