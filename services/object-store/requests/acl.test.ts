import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anonymous } from '#shared/http/route.ts';
import { allowsCaller, allowsReferrer, cleanAcl, mentionsByName, readAcl } from './acl.ts';

test('an ACL is stored normalized, and an invalid one is refused', () => {
  const read = (value: string) => cleanAcl('X-Container-Read', value);
  assert.equal(read(' p:u , .referrer : *.example.com ,.rlistings'), 'p:u,.r:.example.com,.rlistings');
  assert.equal(read('.r:*, .ref:-bad.com'), '.r:*,.r:-bad.com');
  assert.throws(() => read('.r:'), { status: 400 });
  assert.throws(() => read('.who:x'), { status: 400 });
  assert.throws(() => cleanAcl('X-Container-Write', '.r:*'), { status: 400 });
});

test('of several referrer items the last match decides', () => {
  const allows = (acl: string, referer?: string) => allowsReferrer(readAcl(acl), referer);
  assert.equal(allows('.r:*'), true);
  assert.equal(allows('p:u'), false);
  assert.equal(allows('.r:.example.com', 'http://www.example.com/x'), true);
  assert.equal(allows('.r:.example.com', 'http://example.org'), false);
  assert.equal(allows('.r:*,.r:-.example.com', 'http://www.example.com/x'), false);
});

test("an ACL allows users by ids, by names in the default domain, or by a role in the account's project", () => {
  const caller = {
    ...anonymous('r'),
    userId: 'u',
    userName: 'ann',
    userDomainId: 'default',
    projectId: 'p',
    roles: ['Reader'],
  };
  const named = { ...caller, projectName: 'blue', projectDomainId: 'default' };
  const allows = (acl: string, own = false) => allowsCaller(readAcl(acl), named, { own, names: false });
  for (const acl of ['p:u', '*:u', 'p:*', '*:*']) assert.equal(allows(acl), true, acl);
  for (const acl of ['p:v', 'q:u', 'q:*', '', 'admin', '.r:*', 'blue:ann']) assert.equal(allows(acl), false, acl);
  assert.deepEqual([allows('reader', true), allows('reader', false)], [true, false]);
  const names = (acl: string, asked = named) => mentionsByName(readAcl(acl), asked);
  for (const acl of ['blue:ann', '*:ann', 'blue:*', 'p:ann']) assert.equal(names(acl), true, acl);
  assert.equal(names('blue:ann', { ...named, userDomainId: 'other' }), false);
  assert.equal(names('blue:ann', { ...named, projectDomainId: 'other' }), false);
  assert.equal(allowsCaller(readAcl('*:*'), anonymous('r'), { own: false, names: true }), false);
});
