import { forbidden } from '#shared/errors/fault.ts';
import { type Call, created, gone, type Handler, ok } from '#shared/http/route.ts';
import { collection } from '../collection/view.ts';
import type { Identity } from '../context.ts';
import { absent } from '../projects/store.ts';
import { listAllRoles } from '../roles/store.ts';
import { roleView } from '../roles/view.ts';
import { refuseDelegated } from '../tokens/delegation.ts';
import { moment } from '../tokens/moment.ts';
import { createTrust as create, deleteTrust as drop, findTrust, isOver, type TrustWish } from './operations.ts';
import { type TrustRow, trusts } from './store.ts';

const target = ({ trustorId, trusteeId }: Pick<TrustRow, 'trustorId' | 'trusteeId'>) => ({
  'target.trust.trustor_user_id': trustorId,
  'target.trust.trustee_user_id': trusteeId,
});

const brief = (trust: TrustRow, base: string) => ({
  ...trust.extra,
  id: trust.id,
  trustor_user_id: trust.trustorId,
  trustee_user_id: trust.trusteeId,
  project_id: trust.projectId,
  impersonation: trust.impersonation,
  expires_at: trust.expiresAt === null ? null : moment(trust.expiresAt),
  deleted_at: null,
  remaining_uses: trust.remainingUses,
  redelegation_count: trust.redelegationCount,
  redelegated_trust_id: trust.redelegatedFrom,
  links: { self: `${base}/v3/OS-TRUST/trusts/${trust.id}` },
});

async function whole({ db }: Identity, trust: TrustRow, base: string) {
  const self = `${base}/v3/OS-TRUST/trusts/${trust.id}/roles`;
  const roles = (await listAllRoles(db)).filter(({ id }) => trust.roleIds.includes(id));
  return {
    ...brief(trust, base),
    roles: roles.map((role) => roleView(role, base)),
    roles_links: { next: null, previous: null, self },
  };
}

export const createTrust: Handler<Identity, { trust: TrustWish }> = async (identity, call) => {
  const { trust: wish } = call.body;
  await refuseDelegated(identity, call.who, 'make a trust');
  if (wish.trustor_user_id !== call.who.userId) throw forbidden('The trustor is always the one who asks.');
  call.authorize('identity:create_trust', { 'target.trust.trustor_user_id': wish.trustor_user_id });
  return created({ trust: await whole(identity, await create(identity, call.who, wish), call.base) });
};

/** An app credential's token sees no trust at all. */
const refuse = (identity: Identity, call: Call<never>) => refuseDelegated(identity, call.who, 'look after trusts');

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
  const living = found.filter((trust) => trust.deletedAt === null && !isOver(trust));
  return ok(
    collection(
      call,
      'trusts',
      living.map((trust) => brief(trust, call.base)),
    ),
  );
};

async function found(identity: Identity, call: Call<never>, rule: string): Promise<TrustRow> {
  await refuse(identity, call);
  const trust = await findTrust(identity, call.params.id ?? '');
  call.authorize(rule, target(trust));
  return trust;
}

export const showTrust: Handler<Identity> = async (identity, call) =>
  ok({ trust: await whole(identity, await found(identity, call, 'identity:get_trust'), call.base) });

export const deleteTrust: Handler<Identity> = async (identity, call) => {
  await drop(identity, await found(identity, call, 'identity:delete_trust'));
  return gone();
};

export const listTrustRoles: Handler<Identity> = async (identity, call) => {
  const trust = await found(identity, call, 'identity:list_roles_for_trust');
  const { roles } = await whole(identity, trust, call.base);
  return ok(collection(call, 'roles', roles));
};

export const showTrustRole: Handler<Identity> = async (identity, call) => {
  const trust = await found(identity, call, 'identity:get_role_for_trust');
  const role = (await whole(identity, trust, call.base)).roles.find(({ id }) => id === call.params.roleId);
  if (!role) throw absent('role', call.params.roleId ?? '');
  return ok({ role });
};
