/** Who a trusted web server in front of us says somebody is, as a user of ours: made at first sight, named for ever. */

import type { Caller } from '#shared/auth/caller.ts';
import type { Claims } from '#shared/auth/token.ts';
import { Fault, unauthorized } from '#shared/errors/fault.ts';
import type { Identity } from '../context.ts';
import { directoryOf, findUser as findAnyUser, findGroup } from '../directories/users-and-groups.ts';
import { newId } from '../projects/operations.ts';
import { findDomainNamed } from '../tokens/scope.ts';
import { findUser, insertUser, newUser, type User, updateUser } from '../users/store.ts';
import { type Assertion, type Mapped, mapped } from './mapping.ts';
import { plansFor, provision } from './provision.ts';
import { type Rule, removesOldRoles } from './rules.ts';
import {
  findFederatedUser,
  getProtocol,
  type IdentityProvider,
  identityProviders,
  insertFederated,
  mappings,
  type Protocol,
} from './store.ts';

export interface FederatedLogin {
  readonly user: User;
  /** Of whom another has said it; not of a user of ours whom it only names. */
  readonly federated?: NonNullable<Claims['federated']>;
}

export interface Asserted {
  readonly idpId: string;
  readonly protocolId: string;
  readonly assertion: Assertion;
}

/** The provider of the path, its protocol, its mapping: all three must be there, enabled, and of one another. */
export async function federate(
  identity: Identity,
  caller: Caller,
  { idpId, protocolId, assertion }: Asserted,
): Promise<FederatedLogin> {
  const { db } = identity;
  const idp = await identityProviders.get(db, idpId);
  const protocol = await getProtocol(db, idpId, protocolId);
  if (!idp.enabled) throw unauthorized();
  const remote = remoteIdOf(identity, protocol, assertion);
  if (remote !== undefined && !idp.remoteIds.includes(remote)) throw unauthorized();
  const { rules, schemaVersion } = await mappings.get(db, protocol.mappingId);
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

/** How the provider calls itself in what it asserts; '' when it should and does not, undefined when nobody asks. */
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

interface Person {
  /** How the provider names them, for ever. */
  readonly uniqueId: string;
  readonly name: string;
  readonly domainId: string;
  readonly email: string | undefined;
}
type Source = { readonly idpId: string; readonly protocolId: string };

/** In the domain that the mapping names, or else that of the provider. */
async function personOf({ db }: Identity, { user }: Mapped, idp: IdentityProvider): Promise<Person> {
  const name = user.name || user.id;
  if (!name) throw unauthorized('The mapping gives no name and no id for this user.');
  const domain = user.domain ? await findDomainNamed(db, user.domain) : undefined;
  if (user.domain && !domain) throw unauthorized('The domain that the mapping names for this user is not there.');
  return { uniqueId: user.id || name, name, domainId: domain?.id ?? idp.domainId, email: user.email };
}

/** Who comes twice at the same moment is found the second time. */
const ensureShadowUser = (identity: Identity, source: Source, person: Person): Promise<User> =>
  insertOrUpdateShadowUser(identity, source, person).catch((error: unknown) => {
    if (error instanceof Fault && error.status === 409) return insertOrUpdateShadowUser(identity, source, person);
    throw error;
  });

/** Two people of one name are two users: the second is called by its id too. */
async function insertOrUpdateShadowUser({ db }: Identity, source: Source, person: Person): Promise<User> {
  const key = { ...source, uniqueId: person.uniqueId };
  return db.transaction(async (tx) => {
    const known = await findFederatedUser(tx, key);
    const user = known && (await findUser(tx, { id: known.userId }));
    if (user && !user.enabled) throw unauthorized();
    if (user) {
      if (person.email && user.extra.email !== person.email)
        await updateUser(tx, user.id, { extra: { ...user.extra, email: person.email } });
      return user;
    }
    const fresh = await newFederatedUser(tx, source, person);
    await insertUser(tx, fresh);
    await insertFederated(tx, { ...key, userId: fresh.id });
    return fresh;
  });
}

async function newFederatedUser(
  tx: Identity['db'],
  { idpId }: Source,
  { uniqueId, name, domainId, email }: Person,
): Promise<User> {
  const duplicate = await findUser(tx, { domainId, nameLower: name.toLowerCase() });
  const calledSo = duplicate ? `${name} (${idpId}: ${uniqueId})` : name;
  return { ...newUser(newId(), calledSo, domainId), extra: email ? { email } : {} };
}

/** A group that the mapping names by its id must be here; one that the provider names may be another's. */
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
