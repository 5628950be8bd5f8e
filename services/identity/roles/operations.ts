import { forbidden } from '#shared/errors/fault.ts';
import { revokeHoldersOf } from '../assignments/operations.ts';
import type { Identity } from '../context.ts';
import { couldNotFind } from '../resources/store.ts';
import { isGlobal, type Role } from './resource.ts';
import { ensureImplication, type Implication, removeImplication, removeRole } from './store.ts';

export const refuseImmutable = ({ id, options }: Role, verb: 'update' | 'delete', change?: Role['options']): void => {
  if (options.immutable && change?.immutable !== false)
    throw forbidden(`Cannot ${verb} role: ${id}. This role is immutable.`);
};

/** Revokes the tokens of all users who had the role. */
export async function deleteRole(identity: Identity, row: Role): Promise<void> {
  const { id } = row;
  refuseImmutable(row, 'delete');
  await identity.db.transaction(async (tx) => {
    await revokeHoldersOf(identity, tx, id);
    await removeRole(tx, id);
  });
  await identity.tokenKeysChanged();
}

export async function imply({ db }: Identity, prior: Role, implied: Role): Promise<void> {
  if (!isGlobal(implied) && isGlobal(prior))
    throw forbidden(`The role ${implied.id} of a domain may not be implied by a role of no domain.`);
  if (prior.id === implied.id) throw forbidden('A role cannot imply itself.');
  if (implied.name === 'admin') throw forbidden(`Role ${implied.id} (admin) may not be implied by another role.`);
  await db.transaction((tx) => ensureImplication(tx, { priorId: prior.id, impliedId: implied.id }));
}

export async function stopImplying(identity: Identity, implication: Implication): Promise<void> {
  await identity.db.transaction(async (tx) => {
    if (!(await removeImplication(tx, implication)))
      throw couldNotFind('role inference', `${implication.priorId} implies ${implication.impliedId}`);
    await revokeHoldersOf(identity, tx, implication.priorId);
  });
  await identity.tokenKeysChanged();
}
