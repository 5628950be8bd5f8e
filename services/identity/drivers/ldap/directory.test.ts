import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { skipWithoutSlapd, startSlapd } from '../../../../test/fakes/slapd.ts';
import { unixOptions, windowsOptions } from '../../../../test/fakes/slapd-tree.ts';
import { openDirectory } from './directory.ts';
import type { DirectoryError } from './directory-error.ts';
import { type RawOptions, readOptions } from './options.ts';

const skip = skipWithoutSlapd;

/** One for all: a test changes what it looks at itself. */
const slapd = await startSlapd({ after });

function directoryOf(t: TestContext, more: RawOptions) {
  const directory = openDirectory(readOptions({ url: slapd.url, ...more }));
  t.after(directory.close);
  return directory;
}

const names = (things: readonly { readonly name: string }[]) => things.map(({ name }) => name).sort();
const toDirectoryError = (work: Promise<unknown>) =>
  work.then(
    () => 'none',
    (error: DirectoryError) => error.trouble,
  );

test('a Unix tree: users by name and id, groups that name them by id, a login that is a bind', { skip }, async (t) => {
  const unix = directoryOf(t, unixOptions);
  const ann = await unix.people.named('ANN');
  assert.ok(ann);
  assert.equal(ann.localId, 'ann');
  assert.equal(ann.enabled, true);
  assert.deepEqual(ann.extra, { email: 'ann@example.org', full_name: 'Ann Arbor' });
  assert.deepEqual(names(await unix.teamsOf(ann)), ['admins', 'staff']);
  const staff = await unix.teams.named('staff');
  assert.ok(staff);
  assert.deepEqual(names(await unix.membersOf(staff)), ['ann', 'bob']);
  assert.equal(await unix.accepts(ann, 'ann-password'), true);
  assert.equal(await unix.accepts(ann, 'wrong'), false);
  assert.equal(await unix.accepts(ann, ''), false, 'an empty password is nobody’s, which the directory would let in');
  assert.equal(await unix.accepts(undefined, 'ann-password'), false);
});

test('names are names: what looks like a filter finds nobody but who is called so', { skip }, async (t) => {
  const unix = directoryOf(t, unixOptions);
  for (const name of ['*', 'ann)(uid=*', 'a*', '\\61nn', 'ann\0', ''])
    assert.equal(await unix.people.named(name), undefined);
  assert.equal((await unix.people.named('zoe(*)'))?.localId, 'zoe(*)');
  const listed = await unix.people.list([{ field: 'name', comparison: 'contains', value: '(*' }]);
  assert.deepEqual(names(listed), ['zoe(*)']);
});

test('OSSA-2026-007: an Active Directory tree: GUIDs, a bit that disables, names with commas, groups in groups', {
  skip,
}, async (t) => {
  const windows = directoryOf(t, windowsOptions);
  const [jane, max] = [await windows.people.named('jane'), await windows.people.named('max')];
  assert.ok(jane && max);
  assert.match(jane.localId, /^[0-9a-f]{8}-[0-9a-f]{4}-/);
  assert.equal((await windows.people.byId(jane.localId))?.dn, jane.dn);
  assert.deepEqual([jane.enabled, max.enabled], [true, false]);
  assert.deepEqual(names(await windows.teamsOf(jane)), ['Berlin', 'Europe', 'World']);
  const world = await windows.teams.named('World');
  assert.ok(world);
  assert.deepEqual(names(await windows.membersOf(world)), ['jane', 'kim', 'max']);
  assert.equal(await windows.accepts(jane, 'jane-password'), true);
});

test('without nesting only those count that a group names itself', { skip }, async (t) => {
  const windows = directoryOf(t, { ...windowsOptions, group_ad_nesting: false });
  const [jane, world] = [await windows.people.named('jane'), await windows.teams.named('World')];
  assert.ok(jane && world);
  assert.deepEqual(names(await windows.teamsOf(jane)), ['Berlin']);
  assert.deepEqual(names(await windows.membersOf(world)), ['kim']);
});

test('filters, scope and pages decide who is there', { skip }, async (t) => {
  const guests = directoryOf(t, { ...unixOptions, user_filter: 'employeeType=guest' });
  assert.deepEqual(names(await guests.people.list([])), ['bob']);
  assert.equal(await guests.people.named('ann'), undefined);
  const near = directoryOf(t, { ...windowsOptions, query_scope: 'one' });
  assert.deepEqual(names(await near.people.list([])), ['jane', 'max']);
  const paged = directoryOf(t, { ...unixOptions, page_size: 1 });
  assert.deepEqual(names(await paged.people.list([])), ['ann', 'bob', 'zoe(*)']);
});

test('a group can say who may log in, and a lock can be turned round', { skip }, async (t) => {
  const enabled = async (more: RawOptions) => {
    const people = await directoryOf(t, { ...unixOptions, ...more }).people.list([]);
    return names(people.filter((person) => person.enabled));
  };
  const byGroup = { user_enabled_emulation: true, user_enabled_emulation_use_group_config: true };
  assert.deepEqual(await enabled({ ...byGroup, user_enabled_emulation_dn: 'cn=admins,ou=Groups,dc=example,dc=org' }), [
    'ann',
  ]);
  assert.deepEqual(await enabled({ user_enabled_invert: true }), []);
  assert.deepEqual(await enabled({ user_enabled_default: false }), []);
});

test('TLS: a certificate must be right, unless the options say otherwise', { skip }, async (t) => {
  const ask = (more: RawOptions) => toDirectoryError(directoryOf(t, { ...unixOptions, ...more }).people.named('ann'));
  const [ldaps, startTls] = [{ url: slapd.secureUrl }, { use_tls: true }];
  for (const tls of [ldaps, startTls]) {
    assert.equal(await ask({ ...tls, tls_cacertfile: slapd.ca }), 'none');
    assert.equal(await ask({ ...tls, tls_cacertfile: slapd.otherCa }), 'certificate');
    assert.equal(await ask(tls), 'certificate', 'the system does not know that CA');
    assert.equal(await ask({ ...tls, tls_req_cert: 'never' }), 'none');
  }
  const elsewhere = slapd.secureUrl.replace('localhost', '127.0.0.2');
  assert.equal(await ask({ url: elsewhere, tls_cacertfile: slapd.ca }), 'away');
  assert.equal(await ask({ ...ldaps, tls_cacertfile: '/nowhere.pem' }), 'options');
  assert.equal(await ask({ ...ldaps, use_tls: true }), 'options');
  const { tls } = await directoryOf(t, {
    ...unixOptions,
    ...startTls,
    tls_cacertfile: slapd.ca,
  }).connection.facts();
  assert.equal(tls, 'TLSv1.3');
});

test('a certificate for another name is refused, over ldaps and StartTLS', { skip }, async (t) => {
  const ask = (more: RawOptions) =>
    toDirectoryError(directoryOf(t, { ...unixOptions, tls_cacertfile: slapd.ca, ...more }).people.named('ann'));
  const byAddress = (url: string) => url.replace('localhost', '127.0.0.1');
  assert.equal(await ask({ url: byAddress(slapd.secureUrl) }), 'certificate');
  assert.equal(await ask({ url: byAddress(slapd.url), use_tls: true }), 'certificate');
});

test('trouble has a name', { skip }, async (t) => {
  const ask = (more: RawOptions) => toDirectoryError(directoryOf(t, { ...unixOptions, ...more }).people.named('ann'));
  assert.equal(await ask({ password: 'wrong' }), 'login');
  assert.equal(await ask({ url: 'ldap://127.0.0.1:1' }), 'away');
  assert.equal(await ask({ url: 'http://127.0.0.1' }), 'options');
  assert.equal(await ask({ user_filter: '(&(uid=a' }), 'filter');
  assert.equal(await ask({ url: `ldap://127.0.0.1:1,${slapd.url}` }), 'none', 'the next address serves');
  assert.equal(await ask({ user_tree_dn: 'ou=nowhere,dc=example,dc=org' }), 'none', 'no base, no users');
});

test('a crowd of logins is told to come later', { skip }, async (t) => {
  const unix = directoryOf(t, { ...unixOptions, auth_pool_size: 1 });
  const ann = await unix.people.named('ann');
  const both = await Promise.all(['ann-password', 'wrong'].map((word) => toDirectoryError(unix.accepts(ann, word))));
  assert.deepEqual(both, ['none', 'crowd']);
  assert.equal(await unix.accepts(ann, 'ann-password'), true, 'and later is let in');
});

test('a directory that goes and comes is asked again over a new connection', { skip }, async (t) => {
  const plain = directoryOf(t, unixOptions);
  const startTls = directoryOf(t, { ...unixOptions, use_tls: true, tls_cacertfile: slapd.ca });
  const ldaps = directoryOf(t, { ...unixOptions, url: slapd.secureUrl, tls_cacertfile: slapd.ca });
  const all = [plain, startTls, ldaps];
  for (const each of all) assert.ok(await each.people.named('ann'));
  await slapd.stop();
  for (const each of all) assert.equal(await toDirectoryError(each.people.named('ann')), 'away');
  await slapd.start();
  for (const each of all) assert.ok(await each.people.named('ann'), 'found, logged in as before');
});
