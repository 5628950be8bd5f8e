import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { skipWithoutSlapd, startSlapd } from '../../../../test/fakes/slapd.ts';
import { unixOptions, windowsOptions } from '../../../../test/fakes/slapd-tree.ts';
import { openDirectory } from './directory.ts';
import type { DirectoryError } from './directory-error.ts';
import { type RawOptions, readOptions } from './options.ts';

const skip = skipWithoutSlapd;

/** One server for all tests; each test changes only entries that it reads itself. */
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
    (error: DirectoryError) => error.reason,
  );

test('a Unix tree: users by name and id, groups with members by id, a login that is a bind', { skip }, async (t) => {
  const unix = directoryOf(t, unixOptions);
  const ann = await unix.users.named('ANN');
  assert.ok(ann);
  assert.equal(ann.localId, 'ann');
  assert.equal(ann.enabled, true);
  assert.deepEqual(ann.extra, { email: 'ann@example.org', full_name: 'Ann Arbor' });
  assert.deepEqual(names(await unix.groupsOf(ann)), ['admins', 'staff']);
  const staff = await unix.groups.named('staff');
  assert.ok(staff);
  assert.deepEqual(names(await unix.membersOf(staff)), ['ann', 'bob']);
  assert.equal(await unix.accepts(ann, 'ann-password'), true);
  assert.equal(await unix.accepts(ann, 'wrong'), false);
  assert.equal(await unix.accepts(ann, ''), false, 'an empty password would be an anonymous bind');
  assert.equal(await unix.accepts(undefined, 'ann-password'), false);
});

test('names are values: filter syntax in a name is not interpreted', { skip }, async (t) => {
  const unix = directoryOf(t, unixOptions);
  for (const name of ['*', 'ann)(uid=*', 'a*', '\\61nn', 'ann\0', ''])
    assert.equal(await unix.users.named(name), undefined);
  assert.equal((await unix.users.named('zoe(*)'))?.localId, 'zoe(*)');
  const listed = await unix.users.list([{ field: 'name', comparison: 'contains', value: '(*' }]);
  assert.deepEqual(names(listed), ['zoe(*)']);
});

test('OSSA-2026-007: an Active Directory tree: GUIDs, a bit that disables, names with commas, groups in groups', {
  skip,
}, async (t) => {
  const windows = directoryOf(t, windowsOptions);
  const [jane, max] = [await windows.users.named('jane'), await windows.users.named('max')];
  assert.ok(jane && max);
  assert.match(jane.localId, /^[0-9a-f]{8}-[0-9a-f]{4}-/);
  assert.equal((await windows.users.byId(jane.localId))?.dn, jane.dn);
  assert.deepEqual([jane.enabled, max.enabled], [true, false]);
  assert.deepEqual(names(await windows.groupsOf(jane)), ['Berlin', 'Europe', 'World']);
  const world = await windows.groups.named('World');
  assert.ok(world);
  assert.deepEqual(names(await windows.membersOf(world)), ['jane', 'kim', 'max']);
  assert.equal(await windows.accepts(jane, 'jane-password'), true);
});

test('without nesting only direct members count', { skip }, async (t) => {
  const windows = directoryOf(t, { ...windowsOptions, group_ad_nesting: false });
  const [jane, world] = [await windows.users.named('jane'), await windows.groups.named('World')];
  assert.ok(jane && world);
  assert.deepEqual(names(await windows.groupsOf(jane)), ['Berlin']);
  assert.deepEqual(names(await windows.membersOf(world)), ['kim']);
});

test('filters, scope and page size are applied', { skip }, async (t) => {
  const guests = directoryOf(t, { ...unixOptions, user_filter: 'employeeType=guest' });
  assert.deepEqual(names(await guests.users.list([])), ['bob']);
  assert.equal(await guests.users.named('ann'), undefined);
  const near = directoryOf(t, { ...windowsOptions, query_scope: 'one' });
  assert.deepEqual(names(await near.users.list([])), ['jane', 'max']);
  const paged = directoryOf(t, { ...unixOptions, page_size: 1 });
  assert.deepEqual(names(await paged.users.list([])), ['ann', 'bob', 'zoe(*)']);
});

test('enabled users may be the members of a group, and the enabled attribute may be inverted', { skip }, async (t) => {
  const enabled = async (more: RawOptions) => {
    const users = await directoryOf(t, { ...unixOptions, ...more }).users.list([]);
    return names(users.filter((user) => user.enabled));
  };
  const byGroup = { user_enabled_emulation: true, user_enabled_emulation_use_group_config: true };
  assert.deepEqual(await enabled({ ...byGroup, user_enabled_emulation_dn: 'cn=admins,ou=Groups,dc=example,dc=org' }), [
    'ann',
  ]);
  assert.deepEqual(await enabled({ user_enabled_invert: true }), []);
  assert.deepEqual(await enabled({ user_enabled_default: false }), []);
});

test('TLS: a certificate must be valid, unless the options allow any', { skip }, async (t) => {
  const ask = (more: RawOptions) => toDirectoryError(directoryOf(t, { ...unixOptions, ...more }).users.named('ann'));
  const [ldaps, startTls] = [{ url: slapd.secureUrl }, { use_tls: true }];
  for (const tls of [ldaps, startTls]) {
    assert.equal(await ask({ ...tls, tls_cacertfile: slapd.ca }), 'none');
    assert.equal(await ask({ ...tls, tls_cacertfile: slapd.otherCa }), 'certificate');
    assert.equal(await ask(tls), 'certificate', 'the system does not know that CA');
    assert.equal(await ask({ ...tls, tls_req_cert: 'never' }), 'none');
  }
  const elsewhere = slapd.secureUrl.replace('localhost', '127.0.0.2');
  assert.equal(await ask({ url: elsewhere, tls_cacertfile: slapd.ca }), 'unreachable');
  assert.equal(await ask({ ...ldaps, tls_cacertfile: '/nowhere.pem' }), 'options');
  assert.equal(await ask({ ...ldaps, use_tls: true }), 'options');
  const { tls } = await directoryOf(t, {
    ...unixOptions,
    ...startTls,
    tls_cacertfile: slapd.ca,
  }).connection.describe();
  assert.equal(tls, 'TLSv1.3');
});

test('a certificate for another name is refused, over ldaps and StartTLS', { skip }, async (t) => {
  const ask = (more: RawOptions) =>
    toDirectoryError(directoryOf(t, { ...unixOptions, tls_cacertfile: slapd.ca, ...more }).users.named('ann'));
  const byAddress = (url: string) => url.replace('localhost', '127.0.0.1');
  assert.equal(await ask({ url: byAddress(slapd.secureUrl) }), 'certificate');
  assert.equal(await ask({ url: byAddress(slapd.url), use_tls: true }), 'certificate');
});

test('each failure has its kind', { skip }, async (t) => {
  const ask = (more: RawOptions) => toDirectoryError(directoryOf(t, { ...unixOptions, ...more }).users.named('ann'));
  assert.equal(await ask({ password: 'wrong' }), 'login');
  assert.equal(await ask({ url: 'ldap://127.0.0.1:1' }), 'unreachable');
  assert.equal(await ask({ url: 'http://127.0.0.1' }), 'options');
  assert.equal(await ask({ user_filter: '(&(uid=a' }), 'filter');
  assert.equal(await ask({ url: `ldap://127.0.0.1:1,${slapd.url}` }), 'none', 'the next address serves');
  assert.equal(await ask({ user_tree_dn: 'ou=nowhere,dc=example,dc=org' }), 'none', 'no base, no users');
});

test('logins beyond the pool size are refused', { skip }, async (t) => {
  const unix = directoryOf(t, { ...unixOptions, auth_pool_size: 1 });
  const ann = await unix.users.named('ann');
  const both = await Promise.all(['ann-password', 'wrong'].map((word) => toDirectoryError(unix.accepts(ann, word))));
  assert.deepEqual(both, ['none', 'busy']);
  assert.equal(await unix.accepts(ann, 'ann-password'), true, 'accepted later');
});

test('after a restart of the directory a new connection is opened', { skip }, async (t) => {
  const plain = directoryOf(t, unixOptions);
  const startTls = directoryOf(t, { ...unixOptions, use_tls: true, tls_cacertfile: slapd.ca });
  const ldaps = directoryOf(t, { ...unixOptions, url: slapd.secureUrl, tls_cacertfile: slapd.ca });
  const all = [plain, startTls, ldaps];
  for (const each of all) assert.ok(await each.users.named('ann'));
  await slapd.stop();
  for (const each of all) assert.equal(await toDirectoryError(each.users.named('ann')), 'unreachable');
  await slapd.start();
  for (const each of all) assert.ok(await each.users.named('ann'), 'found again, over a new bound connection');
});
