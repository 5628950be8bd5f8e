/** Identity providers, their protocols and mappings, and federated users. */
import type { Knex } from 'knex';
import { onDuplicate } from '#shared/db/errors.ts';
import { conflict } from '#shared/errors/fault.ts';
import { recordsOf } from '../collection/store.ts';
import { couldNotFind } from '../projects/store.ts';

export interface IdentityProvider {
  readonly id: string;
  readonly enabled: boolean;
  readonly description: string | null;
  /** The domain of its users. */
  readonly domainId: string;
  readonly authorizationTtl: number | null;
  /** The ids that it asserts about itself. */
  readonly remoteIds: readonly string[];
}
export interface Mapping {
  readonly id: string;
  readonly rules: readonly unknown[];
  readonly schemaVersion: string;
}
export interface ServiceProvider {
  readonly id: string;
  readonly enabled: boolean;
  readonly description: string | null;
  readonly authUrl: string;
  readonly spUrl: string;
  readonly relayStatePrefix: string;
}
export interface Protocol {
  readonly id: string;
  readonly idpId: string;
  readonly mappingId: string;
  /** The attribute that holds the remote id. */
  readonly remoteIdAttribute: string | null;
}

export const identityProviders = recordsOf<IdentityProvider>({
  table: 'identity_providers',
  what: 'identity provider',
  json: ['remoteIds'],
  filters: { id: 'id', enabled: { flag: 'enabled' } },
});
export const mappings = recordsOf<Mapping>({ table: 'federation_mappings', what: 'mapping', json: ['rules'] });
export const serviceProviders = recordsOf<ServiceProvider>({
  table: 'service_providers',
  what: 'service provider',
  filters: { id: 'id', enabled: { flag: 'enabled' } },
});

export async function getProtocol(db: Knex, idpId: string, id: string): Promise<Protocol> {
  const row = await db<Protocol>('federation_protocols').where({ idpId, id }).first();
  if (!row) throw couldNotFind('federated protocol', id);
  return row;
}

export const listProtocols = (db: Knex, filter: Partial<Protocol>): Promise<Protocol[]> =>
  db<Protocol>('federation_protocols')
    .where({ ...filter })
    .orderBy('id');

export const insertProtocol = (tx: Knex, protocol: Protocol) =>
  onDuplicate(tx('federation_protocols').insert(protocol), () =>
    conflict(
      `Conflict occurred attempting to store federated_protocol - Duplicate entry found with ID ${protocol.id}.`,
    ),
  );

export const updateProtocol = (tx: Knex, { idpId, id, ...change }: Protocol) =>
  tx('federation_protocols').where({ idpId, id }).update(change);

export const removeProtocols = (tx: Knex, filter: Partial<Protocol>): Promise<number> =>
  tx('federation_protocols')
    .where({ ...filter })
    .delete();

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
