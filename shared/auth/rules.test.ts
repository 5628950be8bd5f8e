import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anonymous } from '#shared/http/route.ts';
import { enforcerOf } from './policy.ts';

const caller = (roles: string[], projectId = 'p') => ({ ...anonymous('r'), userId: 'u', projectId, roles });

test('a rule means what it means to oslo.policy', () => {
  const { may } = enforcerOf({
    rules: {
      admin: 'role:admin',
      owner: 'project_id:%(project_id)s',
      member: 'rule:admin or (role:member and rule:owner)',
      public: '"public":%(visibility)s',
      'not-admin': 'not rule:admin and @',
      empty: '',
      never: '!',
      unbound: 'None:%(project_id)s',
      owned: "user_id:%(target.user.id)s and 'x y':%(name)s",
    },
  });
  assert.equal(may('admin', caller(['Admin'])), true, 'roles are compared without case');
  assert.equal(may('member', caller(['member'])), true, 'without a target the own project is meant');
  assert.equal(may('member', caller(['member']), { project_id: 'other' }), false);
  assert.equal(may('member', caller(['admin']), { project_id: 'other' }), true);
  assert.equal(may('member', caller(['reader'])), false);
  assert.equal(may('public', caller([]), { visibility: 'public' }), true);
  assert.equal(may('public', caller([]), {}), false, 'an attribute that is not there fits nothing');
  assert.equal(may('not-admin', caller([])), true);
  assert.equal(may('empty', caller([])), true);
  assert.equal(may('never', caller(['admin'])), false);
  assert.equal(may('unbound', caller([]), { project_id: null }), true);
  assert.equal(may('owned', caller([]), { 'target.user.id': 'u', name: 'x y' }), true);
});

test('an undefined rule refuses all, and a syntax error throws', () => {
  assert.equal(enforcerOf({ rules: {} }).may('anything', caller(['admin'])), false);
  assert.throws(() => enforcerOf({ rules: { broken: '(role:admin' } }), /lacks a "\)"/);
  assert.throws(
    () => enforcerOf({ rules: { broken: 'role:admin role:member' } }),
    /has a syntax error at "role:member"/,
  );
});
