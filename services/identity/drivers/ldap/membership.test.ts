/** Features that slapd lacks: nested membership and ranges of Active Directory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as ldapts from 'ldapts';
import type { Query } from './connection.ts';
import type { LdapGroup } from './entries.ts';
import { built, type Filter } from './filter.ts';
import { groupsOf, membersOf } from './membership.ts';
import { type RawOptions, readOptions } from './options.ts';

const isAd = { dn: '', supportedCapabilities: ['1.2.840.113556.1.4.800'] };

/** Answers base searches from `entries`, and records the filters of other searches. */
function directoryWith(entries: Record<string, Record<string, string[]>>, more: RawOptions = {}) {
  const asked: string[] = [];
  const search = async (...filters: readonly Filter[]): Promise<never[]> => {
    asked.push(...filters.map((filter) => built(ldapts, filter).toString()));
    return [];
  };
  const branch = { base: '', search, byId: async () => undefined, named: async () => undefined, list: search as never };
  const connection = {
    search: async ({ base, attributes }: Query) => {
      if (base === '') return [isAd];
      const found = Object.entries(entries[base] ?? {}).filter(([name]) => name.startsWith(attributes[0] ?? ''));
      return [{ dn: base, ...Object.fromEntries(found) }];
    },
    accepts: async () => false,
    describe: async () => ({ url: '', tls: undefined }),
    close: () => {},
  };
  const options = readOptions({ group_ad_nesting: true, ...more });
  return { parts: { options, connection, users: branch, groups: branch }, asked };
}

const jane = {
  dn: 'CN=Doe\\, Jane (IT),DC=x',
  localId: 'j',
  name: 'jane',
  enabled: true,
  defaultProjectId: null,
  extra: {},
};
const group: LdapGroup = { dn: 'CN=all,DC=x', localId: 'a', name: 'all', description: '', extra: {} };

test('Active Directory is asked for nested groups by its own matching rule', async () => {
  const { parts, asked } = directoryWith({});
  await groupsOf(parts, jane);
  await membersOf(parts, group);
  assert.deepEqual(asked, [
    '(member:1.2.840.113556.1.4.1941:=CN=Doe\\5c, Jane \\28IT\\29,DC=x)',
    '(memberOf:1.2.840.113556.1.4.1941:=CN=all,DC=x)',
  ]);
});

test('members in ranges are read to the end', async () => {
  const { parts, asked } = directoryWith(
    {
      [group.dn]: { member: [], 'member;range=0-1': ['CN=a,DC=x', 'CN=b,DC=x'], 'member;range=2-*': ['CN=c,DC=x'] },
    },
    { group_ad_nesting: false },
  );
  await membersOf(parts, group);
  assert.deepEqual(asked, ['(|(CN=a)(CN=b)(CN=c))']);
});
