/** Identity providers, their protocols and mappings; and who they have sent us. */
import type { Knex } from 'knex';
import { onDuplicate } from '#shared/db/errors.ts';
import { conflict } from '#shared/errors/fault.ts';
import { recordsOf } from '../collection/store.ts';
import { couldNotFind } from '../projects/store.ts';

export interface IdentityProvider {
  readonly id: string;
  readonly enabled: boolean;
  readonly description: string | null;
  /** Where its users are. */
  readonly domainId: string;
  readonly authorizationTtl: number | null;
  /** How it calls itself in what it asserts. */
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
  /** The attribute of an assertion that names the provider. */
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

export const listProtocols = (db: Knex, some: Partial<Protocol>): Promise<Protocol[]> =>
  db<Protocol>('federation_protocols')
    .where({ ...some })
    .orderBy('id');

export const insertProtocol = (tx: Knex, protocol: Protocol) =>
  onDuplicate(tx('federation_protocols').insert(protocol), () =>
    conflict(
      `Conflict occurred attempting to store federated_protocol - Duplicate entry found with ID ${protocol.id}.`,
    ),
  );

export const updateProtocol = (tx: Knex, { idpId, id, ...change }: Protocol) =>
  tx('federation_protocols').where({ idpId, id }).update(change);

export const removeProtocols = (tx: Knex, some: Partial<Protocol>): Promise<number> =>
  tx('federation_protocols')
    .where({ ...some })
    .delete();

export interface FederatedUser {
  readonly idpId: string;
  readonly protocolId: string;
  /** How the provider names the person, for ever. */
  readonly uniqueId: string;
  readonly userId: string;
}

export const findFederatedUser = (
  db: Knex,
  caller: Omit<FederatedUser, 'userId'>,
): Promise<FederatedUser | undefined> =>
  db<FederatedUser>('federated_users')
    .where({ ...caller })
    .first();

export const insertFederated = (tx: Knex, user: FederatedUser) =>
  onDuplicate(tx('federated_users').insert(user), () =>
    conflict(`Somebody has just become the user of ${user.uniqueId}.`),
  );
