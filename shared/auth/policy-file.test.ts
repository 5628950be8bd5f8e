import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { anonymous } from '#shared/http/route.ts';
import { type Policy, policyOf } from './policy.ts';
import { openPolicy } from './policy-file.ts';

const policy: Policy = policyOf(
  [
    { scopeTypes: [], rules: { admin: 'role:admin', owner: 'project_id:%(project_id)s' } },
    { scopeTypes: ['project'], rules: { get_thing: 'rule:admin or rule:owner', list_hosts: 'rule:admin' } },
  ],
  { list_hosts: 'rule:admin or role:service' },
  { get_thing: { project_id: 'projectId' } },
);
const caller = { ...anonymous('r'), projectId: 'p', roles: ['auditor'] };

function opened(t: TestContext, text: string, enforceScope?: boolean) {
  const folder = mkdtempSync(join(tmpdir(), 'policy-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const policyFile = join(folder, 'policy.yaml');
  writeFileSync(policyFile, text);
  return openPolicy(policy, { policyFile, ...(enforceScope === undefined ? {} : { enforceScope }) });
}

test('a policy file overrides rules and adds those that its own rules refer to', (t) => {
  const { may } = opened(t, 'list_hosts: rule:auditors\nauditors: role:auditor\n"get_thing": "!"\n');
  assert.equal(may('list_hosts', caller), true);
  assert.equal(may('get_thing', caller), false);
});

test('an own rule has the scope types of the default that it replaces, unless scopes are not enforced', (t) => {
  const system = { ...caller, roles: ['service'], projectId: null, system: true };
  assert.equal(opened(t, '').may('list_hosts', system), false);
  assert.equal(opened(t, '', false).may('list_hosts', system), true);
  assert.equal(opened(t, '').may('list_hosts', { ...caller, roles: ['service'] }), true);
});

test('a policy file with a mistake stops the start, which names the file and the rule', (t) => {
  const mistakes: readonly [string, RegExp][] = [
    ['get_thign: "@"', /policy\.yaml: Nothing uses the rules get_thign/],
    ['get_thing: "(role:admin"', /policy\.yaml: The rule "\(role:admin" lacks a "\)"/],
    ['get_thing: "https://policy.example/check"', /of the kind https: unsupported/],
    ['get_thing: "rule:nobody"', /The rule get_thing refers to nobody, which does not exist/],
    ['admin: rule:owner\nowner: rule:admin', /in a circle: admin > owner > admin/],
    ['get_thing: "user_id:%(user_id)s"', /The rule get_thing selects rows by project_id; it cannot mention user_id/],
    ['owner: "user_id:%(user_id)s"', /cannot mention user_id/],
    ['get_thing: [role:admin]', /The check of get_thing is not text/],
    ['- get_thing', /must be a map of rule names to checks/],
  ];
  for (const [text, message] of mistakes) assert.throws(() => opened(t, text), message, text);
});
