import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Mapped, mapped } from './mapping.ts';
import { type Rule, refuseInvalidRules } from './rules.ts';

const assertion = { USER: ['ann@example.org'], GROUPS: ['staff', 'admins'], MAIL: ['ann@mail'] };
const user = { user: { name: '{0}' } };
const anybody = { type: 'USER' };

const map = (rules: readonly Rule[], more: Record<string, string[]> = {}, schemaVersion = '1.0'): Mapped | undefined =>
  mapped({ rules, schemaVersion }, { ...assertion, ...more });

test('a matching rule gives the user, with values of the assertion', () => {
  const rules = [
    { local: [{ user: { name: 'contractor' } }], remote: [{ type: 'GROUPS', any_one_of: ['contractors'] }] },
    {
      local: [{ user: { name: '{0} ({1})', email: '{1}' }, group: { id: 'g1' } }],
      remote: [anybody, { type: 'MAIL' }, { type: 'GROUPS', not_any_of: ['banned'] }],
    },
  ];
  assert.deepEqual(map(rules), {
    user: { name: 'ann@example.org (ann@mail)', email: 'ann@mail' },
    groupIds: ['g1'],
    groupNames: [],
    projects: [],
  });
});

test('all matching rules apply: the first user, and each group once', () => {
  const rules = [
    { local: [{ group: { id: 'all' } }], remote: [anybody] },
    { local: [user, { group: { id: 'all' } }], remote: [anybody] },
    {
      local: [{ user: { name: 'second' } }, { group: { id: 'admins' } }],
      remote: [{ type: 'GROUPS', any_one_of: ['admins'] }],
    },
    { local: [{ group: { id: 'never' } }], remote: [{ type: 'GROUPS', any_one_of: ['others'] }] },
  ];
  const found = map(rules);
  assert.deepEqual(found?.groupIds, ['all', 'admins']);
  assert.equal(found?.user.name, 'ann@example.org');
});

test('groups by name, filtered by a whitelist or a blacklist', () => {
  const rule = (list: object) => [
    {
      local: [user, { groups: '{1}', domain: { name: 'd' } }],
      remote: [anybody, { type: 'GROUPS', ...list }],
    },
  ];
  const of = (list: object) => map(rule(list))?.groupNames.map(({ name }) => name);
  assert.deepEqual(map(rule({ whitelist: ['staff'] }))?.groupNames, [{ name: 'staff', domain: { name: 'd' } }]);
  assert.deepEqual(of({ blacklist: ['^st'], regex: true }), ['admins']);
  assert.deepEqual(of({ whitelist: ['^ADM'], regex: true }), []);
  assert.deepEqual(of({ whitelist: ['(?i)^ADM'], regex: true }), ['admins']);
  assert.deepEqual(of({ whitelist: ['.'] }), [], 'without regex a text is compared literally');
  assert.deepEqual(of({ whitelist: ['nobody'] }), []);
});

test('several values in one text: Python and JSON lists, a name with commas, a text with a list inside', () => {
  const rule = (groups: string) => [
    { local: [user, { groups, domain: { id: 'd' } }], remote: [anybody, { type: 'GROUPS' }] },
  ];
  const of = (groups: string, values: string[]) =>
    map(rule(groups), { GROUPS: values })?.groupNames.map(({ name }) => name);
  assert.deepEqual(of('{1}', ['["a", "b"]']), ['a', 'b']);
  assert.deepEqual(of('{1}', ["['a', 'it\\'s']"]), ['a', "it's"]);
  assert.deepEqual(of('{1}', ['a, b']), ['a, b']);
  assert.deepEqual(of('{1}', ['[a']), ['[a']);
  assert.deepEqual(of('team-{1}', ['a']), ['team-a']);
  assert.deepEqual(of("['x', 'y']", ['a']), ['x', 'y']);
  assert.deepEqual(map([{ local: [user], remote: [{ type: 'GROUPS' }] }])?.user.name, "['staff', 'admins']");
});

test('group ids may be lists', () => {
  const rules = [{ local: [user, { group_ids: '{1}' }], remote: [anybody, { type: 'GROUPS' }] }];
  assert.deepEqual(map(rules)?.groupIds, ['staff', 'admins']);
  assert.deepEqual(map(rules, { GROUPS: ['one'] })?.groupIds, ['one']);
});

test('groups of another Keystone have their domain', () => {
  const rules = [{ local: [user, { groups: '{1}' }], remote: [anybody, { type: 'GROUPS' }] }];
  const GROUPS = ['JSON:{"name":"g","domain":{"name":"Default"}}'];
  assert.deepEqual(map(rules, { GROUPS })?.groupNames, [{ name: 'g', domain: { name: 'Default' } }]);
  assert.throws(() => map(rules, { GROUPS: ['g'] }), { status: 401, message: /domain/ });
  assert.throws(() => map(rules, { GROUPS: ['JSON:{"name":"g"}'] }), { status: 401 });
});

test('projects have roles; from 2.0 on the domain of the rule applies to them and to the user', () => {
  const projects = [{ name: 'of {0}', roles: [{ name: 'member' }] }];
  const rules = [{ local: [{ ...user, projects, domain: { id: 'd' } }], remote: [anybody] }];
  assert.deepEqual(map(rules)?.projects, [{ name: 'of ann@example.org', roles: [{ name: 'member' }] }]);
  assert.equal(map(rules)?.user.domain, undefined);
  const second = map(rules, {}, '2.0');
  assert.deepEqual(second?.projects[0]?.domain, { id: 'd' });
  assert.deepEqual(second?.user.domain, { id: 'd' });
});

test('from 3.0 on the provider may send the projects', () => {
  const rules = [{ local: [{ ...user, projects_json: '{1}' }], remote: [anybody, { type: 'PROJECTS' }] }];
  const sent = [{ name: 'p', roles: [{ name: 'reader' }], domain: { id: 'd' } }];
  assert.deepEqual(map(rules, { PROJECTS: [JSON.stringify(sent)] }, '3.0')?.projects, sent);
  assert.throws(() => map(rules, { PROJECTS: ['[{"name": "p"}]'] }, '3.0'), { status: 401 });
  assert.throws(() => map(rules, { PROJECTS: ['no JSON'] }, '3.0'), { status: 401 });
});

test('without a matching rule there is no user', () => {
  assert.equal(map([{ local: [user], remote: [{ type: 'OTHER' }] }]), undefined);
  assert.equal(map([{ local: [user], remote: [{ type: 'constructor' }] }]), undefined);
  assert.equal(map([{ local: [user], remote: [{ type: 'GROUPS', not_any_of: ['staff'] }] }]), undefined);
  assert.equal(map([{ local: [user], remote: [{ type: 'GROUPS', not_any_of: ['^s'], regex: true }] }]), undefined);
});

test('a placeholder without a value is refused', () => {
  assert.throws(() => map([{ local: [{ user: { name: '{1}' } }], remote: [anybody] }]), {
    status: 400,
    message: /\{1\}/,
  });
});

test('invalid rules are refused by name', () => {
  const refuse =
    (local: object, version = '1.0', remote: object = anybody) =>
    () =>
      refuseInvalidRules([{ local: [local], remote: [remote] }] as readonly Rule[], version);
  const project = { name: 'p', roles: [], domain: { id: 'd' } };
  assert.throws(refuse(user, '4.0'), { status: 400, message: /schema version 4.0/ });
  assert.throws(refuse({ projects: [project] }), { status: 400, message: /2\.0/ });
  assert.throws(refuse({ projects_json: '{0}' }, '2.0'), { status: 400, message: /3\.0/ });
  assert.throws(refuse({ group: { name: 'g' } }), { status: 400, message: /domain/ });
  assert.throws(refuse(user, '1.0', { type: 'USER', any_one_of: ['('], regex: true }), { status: 400, message: /\(/ });
  refuse({ projects: [project] }, '2.0')();
  refuse(user, '1.0', { type: 'USER', any_one_of: ['('] })();
});
