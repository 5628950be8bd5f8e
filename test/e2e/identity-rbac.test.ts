/** Keystone's own RBAC tests: a different part each day; `npm run test:tempest -- identity-rbac` runs all. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runTempest } from '../tempest/run.ts';
import { suites } from '../tempest/suites.ts';

const parts = [
  '(user|access_rule)\\.',
  '(group|consumer|domain_config)\\.',
  '(project|region)\\.',
  '(domain|role|implied_role)\\.',
  '(credential|ec2_credential|application_credential)\\.',
  '(grant|role_assignment|token|trust)\\.',
  '(limit|registered_limit|policy|policy_association|project_tag)\\.',
  '(endpoint|endpoint_group|project_endpoint|service|service_provider)\\.',
  '(identity_provider|mapping|protocol)\\.',
];

test('the RBAC tests of keystone-tempest-plugin pass with scope enforcement: a ninth of them each day', async (t) => {
  const suite = suites['identity-rbac'];
  const only = parts[Math.floor(Date.now() / 86_400_000) % parts.length] ?? '';
  assert.ok(suite);
  const { passed, failed } = await runTempest({
    suite,
    number: 64,
    only: `test_${only}`,
    print: (text) => t.diagnostic(text),
  });
  t.diagnostic(`${only}: ${passed.length} passed`);
  assert.deepEqual(failed, []);
  assert.ok(passed.length > 50, `${passed.length} passed`);
});
