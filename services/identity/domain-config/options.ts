/** What may be set for a domain alone, with the values that count where nobody set it. */
import { badRequest } from '#shared/errors/fault.ts';
import { absent } from '../projects/store.ts';

export type Groups = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export const defaults: Groups = {
  identity: { driver: 'sql', list_limit: null },
  ldap: {
    url: 'ldap://localhost',
    user: null,
    password: null,
    suffix: 'cn=example,cn=com',
    query_scope: 'one',
    use_tls: false,
    tls_cacertfile: null,
    tls_req_cert: 'demand',
    connection_timeout: -1,
    user_tree_dn: null,
    user_filter: null,
    user_objectclass: 'inetOrgPerson',
    user_id_attribute: 'cn',
    user_name_attribute: 'sn',
    user_description_attribute: 'description',
    user_mail_attribute: 'mail',
    user_pass_attribute: 'userPassword',
    user_enabled_attribute: 'enabled',
    user_enabled_invert: false,
    user_enabled_mask: 0,
    user_enabled_default: 'True',
    group_tree_dn: null,
    group_filter: null,
    group_objectclass: 'groupOfNames',
    group_id_attribute: 'cn',
    group_name_attribute: 'ou',
    group_member_attribute: 'member',
    group_members_are_ids: false,
    group_desc_attribute: 'description',
    group_ad_nesting: false,
  },
};

/** Kept, and never shown. */
const hidden: Readonly<Record<string, readonly string[]>> = { ldap: ['password'] };

export const isHidden = (group: string, option: string): boolean => hidden[group]?.includes(option) ?? false;

export function refuseStrange(groups: Groups): void {
  for (const [group, options] of Object.entries(groups)) {
    const known = defaults[group];
    if (!known) throw badRequest(`Invalid domain specific configuration: the group ${group} is not supported.`);
    for (const option of Object.keys(options))
      if (!Object.hasOwn(known, option))
        throw badRequest(`Invalid domain specific configuration: ${group}.${option} is not supported.`);
  }
}

export const defaultsOf = (group: string): Readonly<Record<string, unknown>> => {
  const known = Object.hasOwn(defaults, group) ? defaults[group] : undefined;
  if (!known) throw badRequest(`Invalid domain specific configuration: the group ${group} is not supported.`);
  return Object.fromEntries(Object.entries(known).filter(([option]) => !isHidden(group, option)));
};

export const absentConfig = (what: string) => absent('domain configuration', what);
