/** Users and groups are checked alike; only the names of the options differ. */
import type { LdapDirectory } from '../../drivers/ldap/directory.ts';
import { equals, type Filter, written } from '../../drivers/ldap/filter.ts';

export interface Subject {
  readonly what: 'user' | 'group';
  readonly base: string;
  readonly objectClass: string;
  readonly filter: string;
  readonly id: string;
  readonly name: string;
  /** `ldap.user_filter` for `filter`. */
  option(end: string): string;
}

export function subjectOf({ options, users, groups }: LdapDirectory, what: Subject['what']): Subject {
  const option = (end: string) => `ldap.${what}_${end}`;
  if (what === 'user')
    return {
      what,
      option,
      base: users.base,
      objectClass: options.user_objectclass,
      filter: options.user_filter,
      id: options.user_id_attribute,
      name: options.user_name_attribute,
    };
  return {
    what,
    option,
    base: groups.base,
    objectClass: options.group_objectclass,
    filter: options.group_filter,
    id: options.group_id_attribute,
    name: options.group_name_attribute,
  };
}

export const filtersOf = ({ objectClass, filter }: Subject): Filter[] => [
  equals('objectClass', objectClass),
  ...(filter.trim() ? [written(filter)] : []),
];
