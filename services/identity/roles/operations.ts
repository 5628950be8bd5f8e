import { forbidden } from '#shared/errors/fault.ts';
import { revokeHoldersOf } from '../assignments/operations.ts';
import type { Identity } from '../context.ts';
import { extraOf, newId } from '../projects/operations.ts';
import { couldNotFind } from '../projects/store.ts';
import {
  ensureImplication,
  getRole,
  type Implication,
  insertRole,
  type Role,
  refuseDuplicate,
  removeImplication,
  removeRole,
  updateRole,
} from './store.ts';

export interface RoleInput {
  readonly name?: string;
  readonly domain_id?: string | null;
  readonly description?: string | null;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly [extra: string]: unknown;
}

const fields = new Set(['id', 'name', 'domain_id', 'description', 'options', 'links']);

export async function createRole({ db }: Identity, input: RoleInput): Promise<Role> {
  const { name = '', domain_id: domainId = null, description = null, options = {} } = input;
  const role = { id: newId(), name: name.trim(), domainId, description, options, extra: extraOf(input, fields) };
  await db.transaction((tx) => insertRole(tx, role));
  return role;
}

export async function changeRole({ db }: Identity, id: string, input: RoleInput): Promise<Role> {
  const role = await getRole(db, id);
  if (role.options.immutable && input.options?.immutable !== false)
    throw forbidden(`Cannot update role: ${id}. This role is immutable.`);
  const { name = role.name, description = role.description, options } = input;
  const changed = {
    ...role,
    name,
    description,
    options: { ...role.options, ...options },
    extra: { ...role.extra, ...extraOf(input, fields) },
  };
  await db.transaction(async (tx) => {
    await refuseDuplicate(tx, changed);
    await updateRole(tx, id, changed);
  });
  return changed;
}

/** Revokes the tokens of all users who had the role. */
export async function dropRole(identity: Identity, id: string): Promise<void> {
  const role = await getRole(identity.db, id);
  if (role.options.immutable) throw forbidden(`Cannot delete role: ${id}. This role is immutable.`);
  await identity.db.transaction(async (tx) => {
    await revokeHoldersOf(identity, tx, id);
    await removeRole(tx, id);
  });
  await identity.tokenKeysChanged();
}

export async function imply({ db }: Identity, implication: Implication): Promise<void> {
  const [prior, implied] = [await getRole(db, implication.priorId), await getRole(db, implication.impliedId)];
  if (implied.domainId !== null && prior.domainId === null)
    throw forbidden(`The role ${implied.id} of a domain may not be implied by a role of no domain.`);
  if (prior.id === implied.id) throw forbidden('A role cannot imply itself.');
  if (implied.name === 'admin') throw forbidden(`Role ${implied.id} (admin) may not be implied by another role.`);
  await db.transaction((tx) => ensureImplication(tx, implication));
}

export async function stopImplying(identity: Identity, implication: Implication): Promise<void> {
  await identity.db.transaction(async (tx) => {
    if (!(await removeImplication(tx, implication)))
      throw couldNotFind('role inference', `${implication.priorId} implies ${implication.impliedId}`);
    await revokeHoldersOf(identity, tx, implication.priorId);
  });
  await identity.tokenKeysChanged();
}
