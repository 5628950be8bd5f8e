/** Users and groups for all who ask, whichever directory keeps them. Where none is set up, this costs nothing. */
import type { Filters } from '#shared/db/filters.ts';
import { forbidden } from '#shared/errors/fault.ts';
import type { Identity } from '../context.ts';
import type { Group } from '../groups/store.ts';
import { couldNotFind } from '../projects/store.ts';
import type { User } from '../users/store.ts';
import type { Directory } from './directory.ts';
import { ldapOf } from './ldap.ts';
import { isPublicId } from './public-id.ts';
import { rowsOf } from './rows.ts';
import { findMapping } from './store.ts';

/** That of a domain. */
export function directoryOf(identity: Identity, domainId: string): Directory {
  const ldap = identity.ldap.of(domainId);
  return ldap ? ldapOf(identity, domainId, ldap) : rowsOf(identity, domainId);
}

/** The domain that a directory's id belongs to; undefined for an id of our own rows. */
export async function ldapDomainOf({ db }: Pick<Identity, 'db'>, id: string): Promise<string | undefined> {
  return isPublicId(id) ? (await findMapping(db, id))?.domainId : undefined;
}

/** That of a user or group. An id whose domain has no directory any more is nobody's. */
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

/** Those of one domain; without one, all that our own rows have. Past `most` it may end: one more says that there are more. */
export const listUsers = (
  identity: Identity,
  domainId: string | null,
  filters: Filters,
  most?: number,
): Promise<User[]> =>
  directoryOf(identity, domainId ?? '').listUsers(domainId ? { ...filters, domain_id: [domainId] } : filters, most);

export const listGroups = (
  identity: Identity,
  domainId: string | null,
  filters: Filters,
  most?: number,
): Promise<Group[]> =>
  directoryOf(identity, domainId ?? '').listGroups(domainId ? { ...filters, domain_id: [domainId] } : filters, most);

/** The groups of a user that rows say nothing of. */
export async function listLdapGroupIds(identity: Identity, userId: string): Promise<string[]> {
  if (!isPublicId(userId)) return [];
  return (await (await directoryOfId(identity, userId)).groupsOf(userId)).map(({ id }) => id);
}

/** Keystone's own words, and what they are about. */
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
