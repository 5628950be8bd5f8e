/** user_enabled_emulation: members of one group are enabled. */
import type { Connection } from './connection.ts';
import { normalDn } from './dn.ts';
import { type LdapUser, valuesOf } from './entries.ts';
import { everything } from './filter.ts';
import { type LdapOptions, userTree } from './options.ts';

export async function enabledByGroup(
  connection: Connection,
  options: LdapOptions,
  users: readonly LdapUser[],
): Promise<LdapUser[]> {
  const asGroups = options.user_enabled_emulation_use_group_config;
  const attribute = asGroups ? options.group_member_attribute : 'member';
  const byId = asGroups && options.group_members_are_ids;
  const base = options.user_enabled_emulation_dn || `cn=enabled_users,${userTree(options)}`;
  const found = await connection.search({ base, scope: 'base', filter: everything, attributes: [attribute] });
  const members = new Set(found.flatMap((entry) => valuesOf(entry, attribute)).map(byId ? String : normalDn));
  return users
    .filter(({ dn }) => normalDn(dn) !== normalDn(base))
    .map((user) => ({ ...user, enabled: members.has(byId ? user.localId : normalDn(user.dn)) }));
}
