import { randomUUID } from 'node:crypto';
import type { Caller } from '#shared/auth/caller.ts';
import { badRequest, forbidden } from '#shared/errors/fault.ts';
import { rolesOf } from '../application-credentials/operations.ts';
import type { Identity } from '../context.ts';
import { getUser } from '../directories/users-and-groups.ts';
import { revokeForGood } from '../keys/revoke.ts';
import { extraOf } from '../projects/operations.ts';
import { couldNotFind, getProject } from '../projects/store.ts';
import { parseTimestamp } from '../tokens/timestamps.ts';
import { type TrustRow, trusts } from './store.ts';

export interface TrustInput {
  readonly trustor_user_id: string;
  readonly trustee_user_id: string;
  readonly impersonation: boolean;
  readonly project_id?: string | null;
  readonly roles?: readonly { readonly id?: string; readonly name?: string }[];
  readonly expires_at?: string | null;
  readonly remaining_uses?: number | null;
  readonly allow_redelegation?: boolean;
  readonly redelegation_count?: number | null;
  readonly [extra: string]: unknown;
}

const fields = new Set([
  'id',
  'trustor_user_id',
  'trustee_user_id',
  'impersonation',
  'project_id',
  'roles',
  'expires_at',
  'deleted_at',
  'remaining_uses',
  'allow_redelegation',
  'redelegation_count',
  'redelegated_trust_id',
  'roles_links',
  'links',
]);

const mostRedelegations = 3;

export async function createTrust(identity: Identity, _caller: Caller, input: TrustInput): Promise<TrustRow> {
  const { db } = identity;
  await getUser(identity, input.trustee_user_id);
  const projectId = input.project_id ?? null;
  if (projectId !== null) await getProject(db, projectId);
  const expiresAt = parseTimestamp(input.expires_at, 'expires_at');
  if (expiresAt !== null && expiresAt <= Date.now()) throw badRequest('expires_at is in the past.');
  const remainingUses = input.remaining_uses ?? null;
  if (input.allow_redelegation && remainingUses !== null)
    throw badRequest('remaining_uses cannot be set if the trust may be redelegated.');
  const count = input.allow_redelegation ? (input.redelegation_count ?? mostRedelegations) : 0;
  if (count > mostRedelegations)
    throw forbidden(`A trust may be redelegated ${mostRedelegations} times at most, not ${count}.`);
  const trust: TrustRow = {
    id: randomUUID().replaceAll('-', ''),
    trustorId: input.trustor_user_id,
    trusteeId: input.trustee_user_id,
    projectId,
    impersonation: input.impersonation,
    expiresAt,
    deletedAt: null,
    remainingUses,
    redelegationCount: count,
    redelegatedFrom: null,
    roleIds: await delegatedRoleIds(identity, input),
    extra: extraOf(input, fields),
  };
  await db.transaction((tx) => trusts.insert(tx, trust));
  return trust;
}

/** Roles that the trustor has on the project; 403 or 404 otherwise. */
async function delegatedRoleIds(
  identity: Identity,
  { trustor_user_id, project_id, roles = [] }: TrustInput,
): Promise<string[]> {
  if (!project_id && roles.length === 0) return [];
  if (roles.length === 0) throw forbidden('At least one role should be specified.');
  const held = await rolesOf(identity, trustor_user_id, project_id ?? '');
  return roles.map((input) => {
    const role = held.find(({ id, name }) => (input.id === undefined ? name === input.name : id === input.id));
    if (!role) throw couldNotFind('role', input.id ?? input.name ?? '');
    return role.id;
  });
}

/** Deleted, expired and used-up trusts are not found. */
export async function findTrust({ db }: Pick<Identity, 'db'>, id: string): Promise<TrustRow | undefined> {
  const trust = await trusts.find(db, { id });
  return trust === undefined || trust.deletedAt !== null || isExpired(trust) ? undefined : trust;
}

export const isExpired = ({ expiresAt, remainingUses }: TrustRow): boolean =>
  (expiresAt !== null && expiresAt <= Date.now()) || remainingUses === 0;

/** Deletes the trust and revokes its tokens. */
export async function deleteTrust(identity: Identity, { id }: TrustRow): Promise<void> {
  await identity.db.transaction(async (tx) => {
    await revokeForGood(identity, tx, { by: `trust:${id}` });
    await trusts.update(tx, id, { deletedAt: Date.now() });
  });
  await identity.tokenKeysChanged();
}
