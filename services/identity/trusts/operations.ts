import { badRequest, forbidden } from '#shared/errors/fault.ts';
import { rolesOf } from '../application-credentials/operations.ts';
import type { Identity } from '../context.ts';
import { getUser } from '../directories/users-and-groups.ts';
import { revokeForGood } from '../keys/revoke.ts';
import { getProject } from '../projects/store.ts';
import type { New } from '../resources/resource.ts';
import { couldNotFind, newId } from '../resources/store.ts';
import { type NamedRole, roleNamed } from '../roles/resource.ts';
import { type Trust, trust } from './resource.ts';

/** What a body says of roles and of redelegation. */
export interface TrustRoles {
  readonly roles?: readonly NamedRole[];
  readonly allow_redelegation?: boolean;
}

const mostRedelegations = 3;

export async function createTrust(identity: Identity, input: New<typeof trust>, more: TrustRoles): Promise<Trust> {
  const { db } = identity;
  const { trustorId, trusteeId, projectId, expiresAt, remainingUses } = input;
  await getUser(identity, trusteeId);
  if (projectId !== null) await getProject(db, projectId);
  if (expiresAt !== null && expiresAt <= Date.now()) throw badRequest('expires_at is in the past.');
  if (more.allow_redelegation && remainingUses !== null)
    throw badRequest('remaining_uses cannot be set if the trust may be redelegated.');
  const count = more.allow_redelegation ? (input.redelegationCount ?? mostRedelegations) : 0;
  if (count > mostRedelegations)
    throw forbidden(`A trust may be redelegated ${mostRedelegations} times at most, not ${count}.`);
  const row: Trust = {
    ...input,
    id: newId(),
    deletedAt: null,
    redelegationCount: count,
    redelegatedFrom: null,
    roleIds: await delegatedRoleIds(identity, { trustorId, projectId, roles: more.roles ?? [] }),
  };
  await db.transaction((tx) => trust.rows.insert(tx, row));
  return row;
}

/** Roles that the trustor has on the project; 403 or 404 otherwise. */
async function delegatedRoleIds(
  identity: Identity,
  { trustorId, projectId, roles }: Pick<Trust, 'trustorId' | 'projectId'> & { readonly roles: readonly NamedRole[] },
): Promise<string[]> {
  if (!projectId && roles.length === 0) return [];
  if (roles.length === 0) throw forbidden('At least one role should be specified.');
  const held = await rolesOf(identity, trustorId, projectId ?? '');
  return roles.map((input) => {
    const found = roleNamed(held, input);
    if (!found) throw couldNotFind('role', input.id ?? input.name ?? '');
    return found.id;
  });
}

/** Deleted, expired and used-up trusts are not found. */
export async function findTrust({ db }: Pick<Identity, 'db'>, id: string): Promise<Trust | undefined> {
  const found = await trust.rows.find(db, { id });
  return found === undefined || found.deletedAt !== null || isExpired(found) ? undefined : found;
}

const isExpired = ({ expiresAt, remainingUses }: Trust): boolean =>
  (expiresAt !== null && expiresAt <= Date.now()) || remainingUses === 0;

/** Deletes the trust and revokes its tokens. */
export async function deleteTrust(identity: Identity, { id }: Trust): Promise<void> {
  await identity.db.transaction(async (tx) => {
    await revokeForGood(identity, tx, { by: `trust:${id}` });
    await trust.rows.update(tx, id, { deletedAt: Date.now() });
  });
  await identity.tokenKeysChanged();
}
