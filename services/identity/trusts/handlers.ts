import { forbidden } from '#shared/errors/fault.ts';
import { type Answer, type Call, created, gone, type Handler, ok } from '#shared/http/route.ts';
import { collection } from '../collection/view.ts';
import type { Identity } from '../context.ts';
import { listAllRoles } from '../roles/store.ts';
import { roleView } from '../roles/view.ts';
import { authorized, type Subject } from '../subjects/authorized.ts';
import { orNotFound } from '../subjects/subjects.ts';
import { refuseDelegated } from '../tokens/delegation.ts';
import { formatTimestamp } from '../tokens/timestamps.ts';
import { createTrust as create, deleteTrust as drop, findTrust, isExpired, type TrustInput } from './operations.ts';
import { type TrustRow, trusts } from './store.ts';

const target = ({ trustorId, trusteeId }: Pick<TrustRow, 'trustorId' | 'trusteeId'>) => ({
  'target.trust.trustor_user_id': trustorId,
  'target.trust.trustee_user_id': trusteeId,
});

const summaryView = (trust: TrustRow, base: string) => ({
  ...trust.extra,
  id: trust.id,
  trustor_user_id: trust.trustorId,
  trustee_user_id: trust.trusteeId,
  project_id: trust.projectId,
  impersonation: trust.impersonation,
  expires_at: trust.expiresAt === null ? null : formatTimestamp(trust.expiresAt),
  deleted_at: null,
  remaining_uses: trust.remainingUses,
  redelegation_count: trust.redelegationCount,
  redelegated_trust_id: trust.redelegatedFrom,
  links: { self: `${base}/v3/OS-TRUST/trusts/${trust.id}` },
});

async function trustView({ db }: Identity, trust: TrustRow, base: string) {
  const self = `${base}/v3/OS-TRUST/trusts/${trust.id}/roles`;
  const roles = (await listAllRoles(db)).filter(({ id }) => trust.roleIds.includes(id));
  return {
    ...summaryView(trust, base),
    roles: roles.map((role) => roleView(role, base)),
    roles_links: { next: null, previous: null, self },
  };
}

export const createTrust: Handler<Identity, { trust: TrustInput }> = async (identity, call) => {
  const { trust: input } = call.body;
  await refuseDelegated(identity, call.caller, 'make a trust');
  if (input.trustor_user_id !== call.caller.userId) throw forbidden('The trustor must be the user of the token.');
  call.authorize('identity:create_trust', { 'target.trust.trustor_user_id': input.trustor_user_id });
  return created({ trust: await trustView(identity, await create(identity, call.caller, input), call.base) });
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
  const found = await trusts.list(identity.db, call.queries);
  const valid = found.filter((trust) => trust.deletedAt === null && !isExpired(trust));
  return ok(
    collection(
      call,
      'trusts',
      valid.map((trust) => summaryView(trust, call.base)),
    ),
  );
};

const subject: Subject<TrustRow | undefined, TrustRow> = {
  find: (identity, { id = '' }) => findTrust(identity, id),
  target: (trust) => (trust ? target(trust) : {}),
  require: (trust, { id }) => orNotFound('trust', trust, id),
};

/** Keystone does not hide trust ids: an unknown one is 404 for every caller. */
const onTrust = (
  rule: `identity:${string}`,
  act: (identity: Identity, call: Call, trust: TrustRow) => Promise<Answer>,
) =>
  authorized({ subject, rule, notFoundFirst: true }, async (identity, call: Call, trust: TrustRow) => {
    await refuse(identity, call);
    return act(identity, call, trust);
  });

export const showTrust = onTrust('identity:get_trust', async (identity, call, trust) =>
  ok({ trust: await trustView(identity, trust, call.base) }),
);

export const deleteTrust = onTrust('identity:delete_trust', async (identity, _call, trust) => {
  await drop(identity, trust);
  return gone();
});

export const listTrustRoles = onTrust('identity:list_roles_for_trust', async (identity, call, trust) => {
  const { roles } = await trustView(identity, trust, call.base);
  return ok(collection(call, 'roles', roles));
});

export const showTrustRole = onTrust('identity:get_role_for_trust', async (identity, call, trust) => {
  const role = (await trustView(identity, trust, call.base)).roles.find(({ id }) => id === call.params.roleId);
  return ok({ role: orNotFound('role', role, call.params.roleId) });
});
