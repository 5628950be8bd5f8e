import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mapped } from './mapping.ts';

const assertion = { USER: ['ann@example.org'], GROUPS: ['staff', 'admins'], MAIL: ['ann@mail'] };

test('the first rule that fits says who it is, with the values of the assertion', () => {
  const rules = [
    { local: [{ user: { name: 'contractor' } }], remote: [{ type: 'GROUPS', any_one_of: ['contractors'] }] },
    {
      local: [{ user: { name: '{0}', email: '{1}' }, group: { id: 'g1' } }],
      remote: [{ type: 'USER' }, { type: 'MAIL' }, { type: 'GROUPS', not_any_of: ['banned'] }],
    },
  ];
  assert.deepEqual(mapped(rules, assertion), {
    user: { name: 'ann@example.org', email: 'ann@mail' },
    groupIds: ['g1'],
    groupNames: [],
  });
});

test('groups come by name, those of a white list or none of a black one', () => {
  const rule = (list: object) => [
    {
      local: [{ user: { name: '{0}' } }, { groups: '{1}', domain: { name: 'd' } }],
      remote: [{ type: 'USER' }, { type: 'GROUPS', ...list }],
    },
  ];
  assert.deepEqual(mapped(rule({ whitelist: ['staff'] }), assertion)?.groupNames, [
    { name: 'staff', domain: { name: 'd' } },
  ]);
  assert.deepEqual(mapped(rule({ blacklist: ['^st'], regex: true }), assertion)?.groupNames, [
    { name: 'admins', domain: { name: 'd' } },
  ]);
});

test('who fits no rule is nobody', () => {
  assert.equal(mapped([{ local: [{ user: { name: '{0}' } }], remote: [{ type: 'OTHER' }] }], assertion), undefined);
  assert.equal(
    mapped([{ local: [{ user: { name: 'x' } }], remote: [{ type: 'GROUPS', not_any_of: ['staff'] }] }], assertion),
    undefined,
  );
});
