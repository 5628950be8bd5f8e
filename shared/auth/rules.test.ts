import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stranger } from '#shared/http/route.ts';
import { enforcerOf } from './policy.ts';

const who = (roles: string[], projectId = 'p') => ({ ...stranger('r'), userId: 'u', projectId, roles });

test('a rule is read as oslo.policy reads it', () => {
  const { may } = enforcerOf({
    admin: 'role:admin',
    owner: 'project_id:%(project_id)s',
    member: 'rule:admin or (role:member and rule:owner)',
    public: '"public":%(visibility)s',
    'not-admin': 'not rule:admin and @',
    empty: '',
    never: '!',
    unbound: 'None:%(project_id)s',
    owned: "user_id:%(target.user.id)s and 'x y':%(name)s",
  });
  assert.equal(may('admin', who(['Admin'])), true, 'roles are compared without case');
  assert.equal(may('member', who(['member'])), true, 'without a target the own project is meant');
  assert.equal(may('member', who(['member']), { project_id: 'other' }), false);
  assert.equal(may('member', who(['admin']), { project_id: 'other' }), true);
  assert.equal(may('member', who(['reader'])), false);
  assert.equal(may('public', who([]), { visibility: 'public' }), true);
  assert.equal(may('public', who([]), {}), false, 'an attribute that is not there fits nothing');
  assert.equal(may('not-admin', who([])), true);
  assert.equal(may('empty', who([])), true);
  assert.equal(may('never', who(['admin'])), false);
  assert.equal(may('unbound', who([]), { project_id: null }), true);
  assert.equal(may('owned', who([]), { 'target.user.id': 'u', name: 'x y' }), true);
});

test('a rule that nobody wrote refuses everybody, and a broken one stops the start', () => {
  assert.equal(enforcerOf({}).may('anything', who(['admin'])), false);
  assert.throws(() => enforcerOf({ broken: '(role:admin' }), /lacks a "\)"/);
  assert.throws(() => enforcerOf({ broken: 'role:admin role:member' }), /not understood at "role:member"/);
});
