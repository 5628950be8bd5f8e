/** One contract for all directories, our own tables and LDAP, on both databases. WATTLE_TEST_MYSQL names the server. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, describe, test } from 'node:test';
import type { Knex } from 'knex';
import { migrate } from '#shared/db/migrate.ts';
import { openDatabase } from '#shared/db/open.ts';
import { skipWithoutSlapd, startSlapd } from '../../../test/fakes/slapd.ts';
import { unixOptions } from '../../../test/fakes/slapd-tree.ts';
import { ensureAssignment, listAssignments } from '../assignments/store.ts';
import { openDirectory } from '../drivers/ldap/directory.ts';
import { readOptions } from '../drivers/ldap/options.ts';
import { group } from '../groups/resource.ts';
import { ensureMember, removeGroups } from '../groups/store.ts';
import { identity as tables } from '../migrations/001-identity.ts';
import { delegation } from '../migrations/002-delegation.ts';
import { resources } from '../migrations/003-resources.ts';
import { federation } from '../migrations/004-federation.ts';
import { oauth } from '../migrations/007-oauth.ts';
import { directories } from '../migrations/008-directories.ts';
import { openHasher } from '../passwords/hasher.ts';
import { newUser, user } from '../users/resource.ts';
import { removeUsers } from '../users/store.ts';
import type { Directory } from './directory.ts';
import { ldapOf } from './ldap.ts';
import { rowsOf } from './rows.ts';
import { hasMappings, mappedIds, removeMappings } from './store.ts';

const domainId = 'd'.repeat(32);
const ldapDomainId = 'e'.repeat(32);
const slapd = await startSlapd({ after });
const mysqlUrl = process.env.WATTLE_TEST_MYSQL;

async function openRowsAt(url: string): Promise<Knex> {
  const db = openDatabase(url);
  after(async () => {
    if (mysqlUrl && url.startsWith(mysqlUrl)) await db.raw('DROP SCHEMA ??', [url.split('/').at(-1) ?? '']);
    await db.destroy();
  });
  await migrate(db, [tables, delegation, resources, federation, oauth, directories]);
  return db;
}

/** The same users as in the tree of slapd. */
async function openRows(db: Knex): Promise<Directory> {
  const hasher = openHasher({ memory: 64, passes: 1, atOnce: 2 });
  const groups = { staff: ['ann', 'bob'], admins: ['ann'], empty: [] };
  for (const name of ['ann', 'bob', 'zoe(*)'])
    await user.rows.insert(db, {
      ...newUser(`user-${name}`, name, domainId),
      passwordHash: await hasher.hash(`${name}-password`),
      extra: { email: `${name}@example.org` },
    });
  for (const [name, members] of Object.entries(groups)) {
    await group.rows.insert(db, { id: `group-${name}`, name, domainId, description: `the ${name}`, extra: {} });
    for (const member of members) await ensureMember(db, `group-${name}`, `user-${member}`);
  }
  return rowsOf({ db, hasher }, domainId);
}

function openLdap(db: Knex): Directory {
  const ldap = openDirectory(readOptions({ url: slapd.url, ...unixOptions }));
  after(ldap.close);
  return ldapOf({ db }, ldapDomainId, ldap);
}

const names = (things: readonly { readonly name: string }[]) => things.map(({ name }) => name).sort();

const databases = {
  sqlite: 'sqlite::memory:',
  ...(mysqlUrl ? { mysql: `${mysqlUrl}/wattle_t_${randomBytes(4).toString('hex')}` } : {}),
};
const environments = [];
for (const [name, url] of Object.entries(databases)) {
  const db = await openRowsAt(url);
  environments.push({ name, db, rows: await openRows(db), ldap: openLdap(db) });
}

for (const { name, db, rows, ldap } of environments) {
  testContract(`rows on ${name}`, rows, false);
  testContract(`ldap on ${name}`, ldap, skipWithoutSlapd);

  test(`rows about LDAP users are deleted with their domain, on ${name}`, { skip: skipWithoutSlapd }, async () => {
    const actor = { actorKind: 'user', actorId: (await ldap.findUserNamed('ann'))?.id ?? '' } as const;
    const grant = { ...actor, targetKind: 'system', targetId: 'all', roleId: 'r', inherited: false } as const;
    await ensureAssignment(db, grant);
    await db.transaction(async (tx) => {
      await removeUsers(tx, mappedIds(tx, ldapDomainId, 'user'));
      await removeGroups(tx, mappedIds(tx, ldapDomainId, 'group'));
      await removeMappings(tx, ldapDomainId);
    });
    assert.deepEqual(await listAssignments(db, actor), []);
    assert.equal(await hasMappings(db, ldapDomainId), false);
  });
}

function testContract(name: string, directory: Directory, skip: false | string): void {
  describe(name, { skip }, () => {
    const userId = async (named: string) => (await directory.findUserNamed(named))?.id ?? '';
    const groupId = async (named: string) => (await directory.findGroupNamed(named))?.id ?? '';

    test('a user is found by name without regard to case, and by id', async () => {
      const ann = await directory.findUserNamed('Ann');
      assert.equal(ann?.name, 'ann');
      assert.deepEqual(await directory.findUser(ann?.id ?? ''), ann);
      assert.equal(ann?.extra.email, 'ann@example.org');
      assert.equal(await directory.findUserNamed('nobody'), undefined);
      assert.equal(await directory.findUser(await groupId('staff')), undefined, 'a group is no user');
    });

    test('a group is found by name and id, with its description', async () => {
      const staff = await directory.findGroupNamed('staff');
      assert.equal(staff?.description, 'the staff');
      assert.deepEqual(await directory.findGroup(staff?.id ?? ''), staff);
      assert.equal(await directory.findGroup(await userId('ann')), undefined, 'a user is no group');
    });

    const filtered: readonly (readonly [filters: Record<string, string[]>, found: string[]])[] = [
      [{}, ['ann', 'bob', 'zoe(*)']],
      [{ name: ['bob'] }, ['bob']],
      [{ name: ['*'] }, []],
      [{ name__contains: ['o'] }, ['bob', 'zoe(*)']],
      [{ name__contains: ['*'] }, ['zoe(*)']],
      [{ name__istartswith: ['AN'] }, ['ann']],
      [{ name__endswith: ['b'] }, ['bob']],
      [{ enabled: ['true'] }, ['ann', 'bob', 'zoe(*)']],
      [{ enabled: ['false'] }, []],
      [{ unknown: ['x'] }, ['ann', 'bob', 'zoe(*)']],
    ];
    for (const [filters, found] of filtered)
      test(`users by ${JSON.stringify(filters)}`, async () => {
        assert.deepEqual(names(await directory.listUsers(filters)), found);
      });

    test('groups are listed and filtered', async () => {
      assert.deepEqual(names(await directory.listGroups({})), ['admins', 'empty', 'staff']);
      assert.deepEqual(names(await directory.listGroups({ name__contains: ['ta'] })), ['staff']);
    });

    test('groups of a user and members of a group agree', async () => {
      assert.deepEqual(names(await directory.listGroupsOf(await userId('ann'))), ['admins', 'staff']);
      assert.deepEqual(names(await directory.listMembersOf(await groupId('staff'), {})), ['ann', 'bob']);
      assert.deepEqual(names(await directory.listMembersOf(await groupId('staff'), { name: ['bob'] })), ['bob']);
      assert.deepEqual(await directory.listMembersOf(await groupId('empty'), {}), []);
      assert.equal(await directory.isMember(await groupId('admins'), await userId('ann')), true);
      assert.equal(await directory.isMember(await groupId('admins'), await userId('bob')), false);
    });

    test('only the own password of a user is accepted', async () => {
      const ann = await directory.findUserNamed('ann');
      assert.equal(await directory.verify(ann, 'ann-password'), true);
      for (const wrong of ['bob-password', '', ' '])
        assert.equal(await directory.verify(ann, wrong), false, JSON.stringify(wrong));
      assert.equal(await directory.verify(undefined, 'ann-password'), false);
    });
  });
}
