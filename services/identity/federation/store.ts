/** Federated users, and who owns a remote id. */
import type { Knex } from 'knex';
import { onDuplicate } from '#shared/db/errors.ts';
import { conflict } from '#shared/errors/fault.ts';
import { couldNotFind } from '../resources/store.ts';
import { type Protocol, protocol } from './resource.ts';

export async function getProtocol(db: Knex, idpId: string, id: string): Promise<Protocol> {
  const row = await protocol.rows.find(db, { idpId, id });
  if (!row) throw couldNotFind(protocol.noun, id);
  return row;
}

export interface FederatedUser {
  readonly idpId: string;
  readonly protocolId: string;
  /** The id of the person at the provider. */
  readonly uniqueId: string;
  readonly userId: string;
}

export const findFederatedUser = (db: Knex, key: Omit<FederatedUser, 'userId'>): Promise<FederatedUser | undefined> =>
  db<FederatedUser>('federated_users')
    .where({ ...key })
    .first();

export const insertFederated = (tx: Knex, user: FederatedUser) =>
  onDuplicate(tx('federated_users').insert(user), () =>
    conflict(`A user for ${user.uniqueId} was created at the same time.`),
  );
