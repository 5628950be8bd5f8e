/** The options of a directory: those of Keystone's group `ldap`, with its names and defaults. */
import { flag, list, number, oneOf, type Section, type Setting, text, type ValuesOf } from '#shared/config/settings.ts';

const urls = {
  url: text('ldap://localhost', 'URLs, separated by commas: ldap://host:port or ldaps://host:port'),
  randomize_urls: flag(false, 'whether the URLs are tried in random order'),
  user: text('', 'DN that Wattle binds with; empty: anonymous bind'),
  password: text('', 'password of that DN; encrypted at rest, never shown'),
  connection_timeout: number(-1, 'seconds to wait for an answer; -1: 10'),
  pool_connection_lifetime: number(600, 'seconds until the shared connection is replaced'),
  auth_pool_size: number(100, 'concurrent logins; further ones get 503'),
};

const tls = {
  use_tls: flag(false, 'whether ldap:// uses StartTLS; not with ldaps://'),
  tls_cacertfile: text('', 'file with trusted CA certificates; empty: those of the system'),
  tls_cacertdir: text('', 'folder with such files'),
  tls_req_cert: oneOf(['demand', 'allow', 'never'], 'demand', 'whether the certificate of the server must be valid'),
};

const search = {
  suffix: text('cn=example,cn=com', 'base of the default trees'),
  query_scope: oneOf(['one', 'sub'], 'one', 'whether entries are direct children of a tree, or anywhere in it'),
  page_size: number(0, 'entries per page; 0: 500'),
  alias_dereferencing: oneOf(
    ['default', 'never', 'searching', 'finding', 'always'],
    'default',
    'whether aliases are followed',
  ),
};

const users = {
  user_tree_dn: text('', 'base DN of users; empty: ou=Users below the suffix'),
  user_filter: text('', 'additional filter for users'),
  user_objectclass: text('inetOrgPerson', 'object class of users'),
  user_id_attribute: text('cn', 'attribute that is unique and never changes'),
  user_name_attribute: text('sn', 'attribute with the login name'),
  user_description_attribute: text('description', 'attribute with the description'),
  user_mail_attribute: text('mail', 'attribute with the mail address'),
  user_pass_attribute: text('userPassword', 'never read: a login is a bind'),
  user_default_project_id_attribute: text('', 'attribute with the id of the default project'),
  user_attribute_ignore: list(['default_project_id'], 'fields that are not read'),
  user_additional_attribute_mapping: list([], 'additional fields, each as attribute:field'),
  user_enabled_attribute: text('enabled', 'attribute that enables a user'),
  user_enabled_mask: number(0, 'bit of it that means disabled; 2 for userAccountControl; 0: it is TRUE or FALSE'),
  user_enabled_invert: flag(false, 'whether TRUE means disabled'),
  user_enabled_default: text('True', 'its value where an entry has none'),
  user_enabled_emulation: flag(false, 'whether the members of a group are the enabled users'),
  user_enabled_emulation_dn: text('', 'DN of that group; empty: cn=enabled_users in the tree of users'),
  user_enabled_emulation_use_group_config: flag(false, 'whether its members are named as in other groups'),
};

const groups = {
  group_tree_dn: text('', 'base DN of groups; empty: ou=UserGroups below the suffix'),
  group_filter: text('', 'additional filter for groups'),
  group_objectclass: text('groupOfNames', 'object class of groups'),
  group_id_attribute: text('cn', 'attribute that is unique and never changes'),
  group_name_attribute: text('ou', 'attribute with the name'),
  group_desc_attribute: text('description', 'attribute with the description'),
  group_attribute_ignore: list([], 'fields that are not read'),
  group_additional_attribute_mapping: list([], 'additional fields, each as attribute:field'),
  group_member_attribute: text('member', 'attribute with the members'),
  group_members_are_ids: flag(false, 'whether members are ids (posixGroup: memberUid) instead of DNs'),
  group_ad_nesting: flag(false, 'whether members of nested groups are members'),
};

/** Accepted because Keystone has them. They have no effect, as all searches share one connection. */
const withoutEffect = {
  debug_level: number(0, 'without effect'),
  chase_referrals: flag(false, 'without effect: other servers are never asked'),
  use_pool: flag(true, 'without effect'),
  pool_size: number(10, 'without effect'),
  pool_retry_max: number(3, 'without effect'),
  pool_retry_delay: number(0.1, 'without effect'),
  pool_connection_timeout: number(-1, 'without effect'),
  use_auth_pool: flag(true, 'without effect'),
  auth_pool_connection_lifetime: number(60, 'without effect'),
};

export const ldapSection = { ...urls, ...tls, ...search, ...users, ...groups, ...withoutEffect };

export type LdapOptions = ValuesOf<typeof ldapSection>;
export type RawOptions = Readonly<Record<string, unknown>>;

/** The message names the option. */
export class BadOption extends Error {}

/** Throws BadOption. Clients send `null` for "not set"; True and False are Python's. */
export function readOptions(raw: RawOptions): LdapOptions {
  const values = Object.entries(ldapSection as Section).map(([name, setting]) => [name, read(name, setting, raw)]);
  return Object.fromEntries(values) as LdapOptions;
}

function read(name: string, { fallback, parse }: Setting<unknown>, raw: RawOptions): unknown {
  const given = raw[name];
  if (given === undefined || given === null) return fallback;
  const isPython = typeof fallback === 'boolean' && typeof given === 'string';
  try {
    return parse(isPython ? given.toLowerCase() : typeof given === 'boolean' ? spelled(fallback, given) : given);
  } catch (error) {
    throw new BadOption(`ldap.${name}: ${(error as Error).message}`);
  }
}

/** `user_enabled_default: true`, where the option is a text. */
const spelled = (fallback: unknown, given: boolean): unknown => (typeof fallback === 'string' ? String(given) : given);

export const userTree = ({ user_tree_dn: dn, suffix }: LdapOptions): string => dn || `ou=Users,${suffix}`;
export const groupTree = ({ group_tree_dn: dn, suffix }: LdapOptions): string => dn || `ou=UserGroups,${suffix}`;
export const urlsOf = ({ url }: LdapOptions): string[] => url.split(/[\s,]+/).filter(Boolean);
