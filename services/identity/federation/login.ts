/** Who a trusted web server in front of us says somebody is, as a user of ours: made at first sight, named for ever. */
import { Fault, unauthorized } from '#shared/errors/fault.ts';
import type { Identity } from '../context.ts';
import { listGroups } from '../groups/store.ts';
import { newId } from '../projects/operations.ts';
import { findDomainNamed } from '../tokens/scope.ts';
import { insertUser, lookUser, type User, updateUser } from '../users/store.ts';
import { type Assertion, type Mapped, mapped } from './mapping.ts';
import { findProtocol, identityProviders, insertFederated, lookFederated, mappings } from './store.ts';

export interface Federated {
  readonly user: User;
  readonly idp: string;
  readonly protocol: string;
  readonly groups: readonly string[];
}

interface Asserted {
  readonly idpId: string;
  readonly protocolId: string;
  readonly assertion: Assertion;
}

/** The provider of the path, its protocol, its mapping: all three must be there, enabled, and of one another. */
export async function federate(identity: Identity, { idpId, protocolId, assertion }: Asserted): Promise<Federated> {
  const { db, config } = identity;
  const idp = await identityProviders.find(db, idpId);
  const protocol = await findProtocol(db, idpId, protocolId);
  if (!idp.enabled) throw unauthorized();
  const attribute = protocol.remoteIdAttribute ?? config.remoteIdAttribute;
  const remote = assertion[attribute]?.[0];
  if (attribute && !idp.remoteIds.includes(remote ?? '')) throw unauthorized();
  const found = mapped((await mappings.find(db, protocol.mappingId)).rules, assertion);
  const name = found?.user.name ?? found?.user.id;
  if (!found || name === undefined) throw unauthorized();
  const user =
    found.user.type === 'local'
      ? await localUser(identity, found)
      : await shadowOnce(
          identity,
          { idpId, protocolId, uniqueId: found.user.id ?? name },
          { name, domainId: idp.domainId, email: found.user.email },
        );
  return { user, idp: idpId, protocol: protocolId, groups: await groupsOf(identity, found) };
}

async function localUser({ db }: Identity, { user: { id, name = '', domain } }: Mapped): Promise<User> {
  const owner = domain ? await findDomainNamed(db, domain) : undefined;
  const user =
    id !== undefined
      ? await lookUser(db, { id })
      : owner && (await lookUser(db, { domainId: owner.id, nameLower: name.toLowerCase() }));
  if (!user?.enabled) throw unauthorized();
  return user;
}

interface Person {
  readonly name: string;
  readonly domainId: string;
  readonly email: string | undefined;
}
type Key = { readonly idpId: string; readonly protocolId: string; readonly uniqueId: string };

/** Who comes twice at the same moment is found the second time. */
const shadowOnce = (identity: Identity, key: Key, person: Person): Promise<User> =>
  shadow(identity, key, person).catch((error: unknown) => {
    if (error instanceof Fault && error.status === 409) return shadow(identity, key, person);
    throw error;
  });

/** Two people of one name are two users: the second is called by its id too. */
async function shadow({ db }: Identity, key: Key, person: Person): Promise<User> {
  return db.transaction(async (tx) => {
    const known = await lookFederated(tx, key);
    const user = known && (await lookUser(tx, { id: known.userId }));
    if (user && !user.enabled) throw unauthorized();
    if (user) {
      if (person.email && user.extra.email !== person.email)
        await updateUser(tx, user.id, { extra: { ...user.extra, email: person.email } });
      return user;
    }
    const fresh = await newUser(tx, key, person);
    await insertUser(tx, fresh);
    await insertFederated(tx, { ...key, userId: fresh.id });
    return fresh;
  });
}

async function newUser(tx: Identity['db'], key: Key, { name, domainId, email }: Person): Promise<User> {
  const twin = await lookUser(tx, { domainId, nameLower: name.toLowerCase() });
  return {
    id: newId(),
    name: twin ? `${name} (${key.idpId}: ${key.uniqueId})` : name,
    domainId,
    enabled: true,
    defaultProjectId: null,
    passwordHash: null,
    passwordExpiresAt: null,
    wrongTries: 0,
    wrongAt: null,
    passwordAt: null,
    mustChange: false,
    activeAt: null,
    options: {},
    extra: email ? { email } : {},
  };
}

/** Groups that are not here count for nothing. */
async function groupsOf({ db }: Identity, { groupIds, groupNames }: Mapped): Promise<string[]> {
  const all = groupIds.length + groupNames.length > 0 ? await listGroups(db, {}) : [];
  const ids = new Set(all.filter(({ id }) => groupIds.includes(id)).map(({ id }) => id));
  for (const { name, domain } of groupNames) {
    const owner = domain ? await findDomainNamed(db, domain) : undefined;
    const group = all.find((each) => each.name === name && each.domainId === owner?.id);
    if (group) ids.add(group.id);
  }
  return [...ids];
}
