/** Finds users and groups in our own tables or in LDAP directories. Needs no query where no directory is configured. */

import { forbidden } from '#shared/errors/fault.ts';
import type { Identity } from '../context.ts';
import type { Filters } from '../filters/store.ts';
import type { Group } from '../groups/resource.ts';
import { couldNotFind } from '../resources/store.ts';
import type { User } from '../users/resource.ts';
import type { Directory } from './directory.ts';
import { ldapOf } from './ldap.ts';
import { isPublicId } from './public-id.ts';
import { rowsOf } from './rows.ts';
import { findMapping } from './store.ts';

/** The directory of a domain. */
export function directoryOf(identity: Identity, domainId: string): Directory {
  const ldap = identity.ldap.of(domainId);
  return ldap ? ldapOf(identity, domainId, ldap) : rowsOf(identity, domainId);
}

/** The domain of an LDAP user or group; undefined for an id of our own tables. */
export async function ldapDomainOf({ db }: Pick<Identity, 'db'>, id: string): Promise<string | undefined> {
  return isPublicId(id) ? (await findMapping(db, id))?.domainId : undefined;
}

/** The directory of a user or group. An id whose domain has no directory any more is not found. */
export const directoryOfId = async (identity: Identity, id: string): Promise<Directory> =>
  directoryOf(identity, (await ldapDomainOf(identity, id)) ?? '');

export const findUser = async (identity: Identity, id: string): Promise<User | undefined> =>
  (await directoryOfId(identity, id)).findUser(id);

export async function getUser(identity: Identity, id: string): Promise<User> {
  const user = await findUser(identity, id);
  if (!user) throw couldNotFind('user', id);
  return user;
}

export const findGroup = async (identity: Identity, id: string): Promise<Group | undefined> =>
  (await directoryOfId(identity, id)).findGroup(id);

export async function getGroup(identity: Identity, id: string): Promise<Group> {
  const group = await findGroup(identity, id);
  if (!group) throw couldNotFind('group', id);
  return group;
}

/**
 * Users of one domain; without one, those of our own tables. A list of more than `max` items may be cut after `max` +
 * 1.
 */
export const listUsers = (
  identity: Identity,
  domainId: string | null,
  filters: Filters,
  max?: number,
): Promise<User[]> =>
  directoryOf(identity, domainId ?? '').listUsers(domainId ? { ...filters, domain_id: [domainId] } : filters, max);

export const listGroups = (
  identity: Identity,
  domainId: string | null,
  filters: Filters,
  max?: number,
): Promise<Group[]> =>
  directoryOf(identity, domainId ?? '').listGroups(domainId ? { ...filters, domain_id: [domainId] } : filters, max);

/** The LDAP groups of an LDAP user. */
export async function listLdapGroupIds(identity: Identity, userId: string): Promise<string[]> {
  if (!isPublicId(userId)) return [];
  return (await (await directoryOfId(identity, userId)).listGroupsOf(userId)).map(({ id }) => id);
}

/** 403 in the words of Keystone, with the id and the domain. */
export const readOnly = (what: string, domainId: string) =>
  forbidden(`LDAP does not support write operations: ${what} is kept by the directory of domain ${domainId}.`);

export function refuseNewIn({ ldap }: Identity, domainId: string, what: string): void {
  if (ldap.of(domainId)) throw readOnly(what, domainId);
}

export async function refuseChange(
  identity: Pick<Identity, 'db'>,
  what: 'user' | 'group',
  { id, domainId }: Pick<User, 'id' | 'domainId'>,
): Promise<void> {
  if (await ldapDomainOf(identity, id)) throw readOnly(`${what} ${id}`, domainId);
}
