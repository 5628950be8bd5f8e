/** `wattle identity ldap-check` on a real slapd: the report on a valid directory, and on every problem. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { settingsOf } from '#shared/config/settings.ts';
import { checkDirectory } from '../../services/identity/directories/check/check.ts';
import { many, one, openIdentity } from '../fakes/identity.ts';
import { skipWithoutSlapd, startSlapd } from '../fakes/slapd.ts';
import { reader, unixOptions, windowsOptions } from '../fakes/slapd-tree.ts';

const skip = skipWithoutSlapd;
const slapd = await startSlapd({ after });
const world = await openIdentity({ after });
const token = await world.admin();
const ask = (method: string, path: string, body?: object) =>
  world.ask(method, path, { token, ...(body ? { body } : {}) });

const { id: domain } = one(await ask('POST', '/domains', { domain: { name: 'company' } }), 'domain');
const config = { identity: { driver: 'ldap' }, ldap: { url: slapd.url, ...unixOptions } };
await ask('PUT', `/domains/${domain}/config`, { config });

/** The findings as one text, one line each; problems begin with an X. */
async function check(options: { domain?: string; user?: string; proposed?: unknown } = {}) {
  const findings = await checkDirectory(settingsOf({ cloud: { var: world.home } }), { domain: 'company', ...options });
  const lines = findings.map(({ kind, text, help = '' }) => `${kind === 'problem' ? 'X ' : ''}${text} -> ${help}`);
  const text = lines.join('\n');
  assert.ok(!text.includes(reader.password), 'no finding contains a password');
  return { text, problems: lines.filter((line) => line.startsWith('X ')) };
}
const proposed = (ldap: object) => ({ identity: { driver: 'ldap' }, ldap: { ...config.ldap, ...ldap } });

/** The only problem. */
async function problemOf(ldap: object): Promise<string> {
  const { text, problems } = await check({ proposed: proposed(ldap) });
  assert.equal(problems.length, 1, text);
  return problems[0] ?? '';
}

test('a valid directory: its addresses, its users, and the roles they would get and why', { skip }, async () => {
  const { id: project } = one(
    await ask('POST', '/projects', { project: { name: 'web', domain_id: domain } }),
    'project',
  );
  const [group] = many(await ask('GET', `/groups?domain_id=${domain}&name=admins`), 'groups');
  const [role] = many(await ask('GET', '/roles?name=member'), 'roles');
  const before = await check();
  assert.match(before.text, /no group of the directory has a role.*openstack role add --group/);
  await ask('PUT', `/projects/${project}/groups/${group?.id}/roles/${role?.id}`);
  const { text, problems } = await check();
  assert.deepEqual(problems, []);
  assert.match(text, /answers, not encrypted, to cn=reader,/);
  assert.match(text, /3 users below ou=People,/);
  assert.match(text, /ann: id ann, enabled, ann@example\.org/);
  assert.match(text, /staff: ann, bob/);
  assert.match(text, /groups without members: cn=empty,/);
  assert.match(text, /group admins: member \(and so reader\) on project web/);
  assert.match(text, /ann: member \(and so reader\) on project web \(by group admins\)/);
  assert.match(text, /bob has no role anywhere/);
});

test('a single user: found, or the reason why not', { skip }, async () => {
  const { text } = await check({ user: 'ann' });
  assert.match(text, /ann is in (admins, staff|staff, admins); user id [0-9a-f]{64}/);
  assert.doesNotMatch(text, /bob has no role/);
  assert.match((await check({ user: 'nobody' })).problems.join(), /no entry below ou=People.* has the uid nobody/);
  const filtered = await check({ user: 'bob', proposed: proposed({ user_filter: '(!(employeeType=guest))' }) });
  assert.match(filtered.problems.join(), /uid=bob,.* is not among the users -> it does not pass ldap\.user_filter/);
});

test('proposed options for Active Directory: disabled users, nested groups, TLS', { skip }, async () => {
  const windows = { ...windowsOptions, url: slapd.secureUrl, tls_cacertfile: slapd.ca };
  const { text, problems } = await check({ user: 'jane', proposed: { identity: { driver: 'ldap' }, ldap: windows } });
  assert.deepEqual(problems, []);
  assert.match(text, /encrypted with TLSv1\.3/);
  assert.match(text, /1 user disabled: max/);
  assert.match(text, /jane is in (Berlin|Europe|World), \w+, \w+;/);
});

const wrong: readonly (readonly [what: string, ldap: object, expected: RegExp])[] = [
  ['an address without a listener', { url: 'ldap://127.0.0.1:1' }, /ECONNREFUSED.*check the address/],
  ['an invalid address', { url: 'directory.example.org' }, /ldap\.url: directory.* is no address/],
  ['a refused bind', { password: 'wrong' }, /InvalidCredentials \(49\) -> ldap\.user is the whole DN/],
  [
    'another CA than that of the certificate',
    { url: slapd.secureUrl, tls_cacertfile: slapd.otherCa },
    /ldap\.tls_cacertfile names the CA/,
  ],
  ['a missing CA file', { url: slapd.secureUrl, tls_cacertfile: '/no.pem' }, /ldap\.tls_cacertfile: ENOENT/],
  [
    'a missing base DN',
    { user_tree_dn: 'ou=No,dc=example,dc=org' },
    /no users: the base ou=No.*does not exist.*the directory has dc=example/,
  ],
  ['a class that no entry has', { user_objectclass: 'person2' }, /class person2.*right one of: .*posixAccount/],
  [
    'a filter that no entry passes',
    { user_filter: '(uid=x)' },
    /3 posixAccounts in scope, and none passes ldap\.user_filter/,
  ],
  ['an invalid filter', { user_filter: '(&(uid=x)' }, /parentheses must match/],
  [
    'an attribute that no entry has',
    { user_id_attribute: 'employeeNumber' },
    /no user has the attribute employeeNumber.*one of them has: .*uid/,
  ],
  ['ids that are not unique', { user_id_attribute: 'gidNumber' }, /3 users share the id 100/],
  ['members by id read as DNs', { group_members_are_ids: false }, /not DNs: ann, bob.*group_members_are_ids to true/],
  ['all users disabled', { user_enabled_default: false }, /all of them are disabled/],
  ['an unknown option', { user_tree: 'x' }, /ldap\.user_tree is not supported/],
  ['an invalid value', { query_scope: 'deep' }, /ldap\.query_scope: expected one or sub/],
];
for (const [what, ldap, expected] of wrong)
  test(`wrong: ${what}`, { skip }, async () => assert.match(await problemOf(ldap), expected));

test('entries below the search scope are reported', { skip }, async () => {
  const ldap = { ...windowsOptions, query_scope: 'one', user_tree_dn: 'dc=example,dc=org', url: slapd.url };
  const { text } = await check({ proposed: { identity: { driver: 'ldap' }, ldap } });
  assert.match(text, /X no users right below dc=example,dc=org, but 3 further down -> set ldap\.query_scope to sub/);
});

test('irregularities that work are notes', { skip }, async () => {
  const { text, problems } = await check({
    proposed: proposed({ user_name_attribute: 'gidNumber', tls_req_cert: 'never' }),
  });
  assert.deepEqual(problems, []);
  assert.match(text, /3 users are called 100, only the first is found/);
  assert.match(text, /the certificate of the directory is not verified/);
});

test('unknown domains, and domains without a directory', { skip }, async () => {
  assert.match((await check({ domain: 'elsewhere' })).text, /no domain elsewhere -> openstack domain create elsewhere/);
  assert.match((await check({ domain: 'default' })).text, /identity\.driver is sql.*--file/);
  assert.match((await check({ proposed: 'text' })).text, /the file is no configuration/);
});
