/** Keystone's rules, with Wattle's own. */
import { type Policy, policyOf } from '#shared/auth/policy.ts';
import defaults from './default-rules.json' with { type: 'json' };

const reader = '(rule:admin_required) or (role:reader and system_scope:all) or rule:service_role';

export const policy: Policy = policyOf(defaults, {
  // The service network checks that a project exists, and lists projects, without being an administrator.
  'identity:get_project': `${reader} or (role:reader and domain_id:%(target.project.domain_id)s and not None:%(target.project.domain_id)s) or project_id:%(target.project.id)s`,
  'identity:list_projects': `${reader} or (role:reader and domain_id:%(target.domain_id)s)`,
  // Keys and revocations, which only Wattle's services ask for.
  'identity:get_trust_document': 'rule:service_or_admin',
});
