/** What a directory can be told: the options that Keystone's group `ldap` has, by its names and with its defaults. */
import { flag, list, number, oneOf, type Section, type Setting, text, type ValuesOf } from '#shared/config/settings.ts';

const urls = {
  url: text('ldap://localhost', 'where it answers: ldap://host:port or ldaps://host:port, several between commas'),
  randomize_urls: flag(false, 'whether another of several is tried first each time'),
  user: text('', 'the DN that Wattle itself logs in with; empty: nobody, if the directory lets nobody read'),
  password: text('', 'its password: sealed at rest, and never shown'),
  connection_timeout: number(-1, 'seconds to wait for an answer; -1: ten'),
  pool_connection_lifetime: number(600, 'seconds that a connection serves before another is opened'),
  auth_pool_size: number(100, 'logins that may wait for it side by side; more are told to come later'),
};

const tls = {
  use_tls: flag(false, 'whether ldap:// turns to TLS at once (StartTLS); not with ldaps://'),
  tls_cacertfile: text('', 'the file with the CA certificates to trust; empty: those of the system'),
  tls_cacertdir: text('', 'a folder of such files'),
  tls_req_cert: oneOf(['demand', 'allow', 'never'], 'demand', 'whether a certificate must be right, or may be any'),
};

const search = {
  suffix: text('cn=example,cn=com', 'what the two trees are below where they are not set'),
  query_scope: oneOf(['one', 'sub'], 'one', 'whether entries lie right below a tree, or anywhere in it'),
  page_size: number(0, 'entries to ask for at once; 0: five hundred'),
  alias_dereferencing: oneOf(
    ['default', 'never', 'searching', 'finding', 'always'],
    'default',
    'whether aliases are followed',
  ),
};

const users = {
  user_tree_dn: text('', 'where users are; empty: ou=Users below the suffix'),
  user_filter: text('', 'a filter that users must pass besides'),
  user_objectclass: text('inetOrgPerson', 'the class of users'),
  user_id_attribute: text('cn', 'what never changes of a user, and is no other one’s'),
  user_name_attribute: text('sn', 'what a user types to log in'),
  user_description_attribute: text('description', 'their description'),
  user_mail_attribute: text('mail', 'their address'),
  user_pass_attribute: text('userPassword', 'never read: a login is a bind'),
  user_default_project_id_attribute: text('', 'where the id of their default project stands'),
  user_attribute_ignore: list(['default_project_id'], 'what is not taken from the directory'),
  user_additional_attribute_mapping: list([], 'more to show, each as attribute:name'),
  user_enabled_attribute: text('enabled', 'what says whether they may log in'),
  user_enabled_mask: number(0, 'the bit of it that says no; 2 for userAccountControl, 0: it is TRUE or FALSE'),
  user_enabled_invert: flag(false, 'whether TRUE means no: a lock'),
  user_enabled_default: text('True', 'its value where an entry has none'),
  user_enabled_emulation: flag(false, 'whether those may log in who are members of a group'),
  user_enabled_emulation_dn: text('', 'the DN of that group; empty: cn=enabled_users in the tree of users'),
  user_enabled_emulation_use_group_config: flag(false, 'whether it names members as the other groups do'),
};

const groups = {
  group_tree_dn: text('', 'where groups are; empty: ou=UserGroups below the suffix'),
  group_filter: text('', 'a filter that groups must pass besides'),
  group_objectclass: text('groupOfNames', 'the class of groups'),
  group_id_attribute: text('cn', 'what never changes of a group, and is no other one’s'),
  group_name_attribute: text('ou', 'what it is called'),
  group_desc_attribute: text('description', 'its description'),
  group_attribute_ignore: list([], 'what is not taken from the directory'),
  group_additional_attribute_mapping: list([], 'more to show, each as attribute:name'),
  group_member_attribute: text('member', 'what names its members'),
  group_members_are_ids: flag(false, 'whether it names them by id (posixGroup: memberUid), not by DN'),
  group_ad_nesting: flag(false, 'whether members of a member that is a group are members too'),
};

/** Kept because Keystone has them; one connection that many requests share, and one for each login, need none of them. */
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

/** A sentence that names the option. */
export class BadOption extends Error {}

/** Throws BadOption. `null` is what a client says for "not set"; True and False are Python's. */
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
