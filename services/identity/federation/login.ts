/** Maps an assertion to a user: a shadow user, made at the first login, or a local user. */

import type { Caller } from '#shared/auth/caller.ts';
import type { Claims } from '#shared/auth/token.ts';
import { Fault, unauthorized } from '#shared/errors/fault.ts';
import type { Identity } from '../context.ts';
import { directoryOf, findUser as findAnyUser, findGroup } from '../directories/users-and-groups.ts';
import { newId } from '../resources/store.ts';
import { findDomainNamed } from '../tokens/scope.ts';
import { newUser, type User, user as userResource } from '../users/resource.ts';
import { findUser } from '../users/store.ts';
import { type Assertion, type Mapped, mapped } from './mapping.ts';
import { plansFor, provision } from './provision.ts';
import { type IdentityProvider, identityProvider, mapping, type Protocol } from './resource.ts';
import { type Rule, removesOldRoles } from './rules.ts';
import { findFederatedUser, getProtocol, insertFederated } from './store.ts';

export interface FederatedLogin {
  readonly user: User;
  /** Set for a shadow user, not for a local one. */
  readonly federated?: NonNullable<Claims['federated']>;
}

export interface Asserted {
  readonly idpId: string;
  readonly protocolId: string;
  readonly assertion: Assertion;
}

/** The provider, its protocol and its mapping must exist, and the provider must be enabled and own the remote id. */
export async function federate(
  identity: Identity,
  caller: Caller,
  { idpId, protocolId, assertion }: Asserted,
): Promise<FederatedLogin> {
  const { db } = identity;
  const idp = await identityProvider.rows.get(db, idpId);
  const protocol = await getProtocol(db, idpId, protocolId);
  if (!idp.enabled) throw unauthorized();
  const remote = remoteIdOf(identity, protocol, assertion);
  if (remote !== undefined && !idp.remoteIds.includes(remote)) throw unauthorized();
  const { rules, schemaVersion } = await mapping.rows.get(db, protocol.mappingId);
  const found = mapped({ rules: rules as readonly Rule[], schemaVersion }, assertion);
  if (!found) throw unauthorized('Could not map any federated user properties to identity values.');
  if (found.user.type === 'local') return { user: await localUser(identity, found) };
  const groups = await groupsOf(identity, found);
  const person = await personOf(identity, found, idp);
  const plans = await plansFor(identity, found.projects, { idp, domainId: person.domainId });
  const user = await ensureShadowUser(identity, { idpId, protocolId }, person);
  await provision(identity, caller, user, { plans, sync: removesOldRoles(schemaVersion) });
  return { user, federated: { idp: idpId, protocol: protocolId, groups } };
}

/** The remote id in the assertion; empty when the attribute is missing, undefined when no attribute is configured. */
export function remoteIdOf(
  { config }: Pick<Identity, 'config'>,
  { remoteIdAttribute }: Protocol,
  assertion: Assertion,
): string | undefined {
  const attribute = remoteIdAttribute ?? config.remoteIdAttribute;
  return attribute ? (assertion[attribute]?.[0] ?? '') : undefined;
}

async function localUser(identity: Identity, { user: { id, name = '', domain } }: Mapped): Promise<User> {
  const owner = domain ? await findDomainNamed(identity.db, domain) : undefined;
  const user =
    id !== undefined
      ? await findAnyUser(identity, id)
      : owner && (await directoryOf(identity, owner.id).findUserNamed(name));
  if (!user?.enabled) throw unauthorized();
  return user;
}

interface FederatedPerson {
  /** The id of the person at the provider. */
  readonly uniqueId: string;
  readonly name: string;
  readonly domainId: string;
  readonly email: string | undefined;
}
type Source = { readonly idpId: string; readonly protocolId: string };

/** In the domain of the mapping, else in that of the provider. */
async function personOf({ db }: Identity, { user }: Mapped, idp: IdentityProvider): Promise<FederatedPerson> {
  const name = user.name || user.id;
  if (!name) throw unauthorized('The mapping gives no name and no id for this user.');
  const domain = user.domain ? await findDomainNamed(db, user.domain) : undefined;
  if (user.domain && !domain) throw unauthorized('The domain that the mapping names for this user is not there.');
  return { uniqueId: user.id || name, name, domainId: domain?.id ?? idp.domainId, email: user.email };
}

/** A concurrent first login of the same person conflicts once and finds the user the second time. */
const ensureShadowUser = (identity: Identity, source: Source, person: FederatedPerson): Promise<User> =>
  insertOrUpdateShadowUser(identity, source, person).catch((error: unknown) => {
    if (error instanceof Fault && error.status === 409) return insertOrUpdateShadowUser(identity, source, person);
    throw error;
  });

/** A second person with the same name in the domain gets a name that contains their id. */
async function insertOrUpdateShadowUser({ db }: Identity, source: Source, person: FederatedPerson): Promise<User> {
  const key = { ...source, uniqueId: person.uniqueId };
  return db.transaction(async (tx) => {
    const known = await findFederatedUser(tx, key);
    const user = known && (await findUser(tx, { id: known.userId }));
    if (user && !user.enabled) throw unauthorized();
    if (user) {
      if (person.email && user.extra.email !== person.email)
        await userResource.rows.update(tx, user.id, { extra: { ...user.extra, email: person.email } });
      return user;
    }
    const fresh = await newFederatedUser(tx, source, person);
    await userResource.rows.insert(tx, fresh);
    await insertFederated(tx, { ...key, userId: fresh.id });
    return fresh;
  });
}

async function newFederatedUser(
  tx: Identity['db'],
  { idpId }: Source,
  { uniqueId, name, domainId, email }: FederatedPerson,
): Promise<User> {
  const duplicate = await findUser(tx, { domainId, name });
  const userName = duplicate ? `${name} (${idpId}: ${uniqueId})` : name;
  return { ...newUser(newId(), userName, domainId), extra: email ? { email } : {} };
}

/** A group named by id must exist; a group named by name that does not exist is ignored. */
async function groupsOf(identity: Identity, { groupIds, groupNames }: Mapped): Promise<string[]> {
  const ids = new Set<string>();
  for (const id of groupIds) {
    if (!(await findGroup(identity, id))) throw unauthorized(`The group ${id} that the mapping gives is not there.`);
    ids.add(id);
  }
  for (const { name = '', domain } of groupNames) {
    const owner = domain ? await findDomainNamed(identity.db, domain) : undefined;
    const group = owner && (await directoryOf(identity, owner.id).findGroupNamed(name));
    if (group) ids.add(group.id);
  }
  return [...ids];
}
