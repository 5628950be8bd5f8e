/** Keystone's rules by name, with the defaults of its newest release and the scope types of each. */
import type { Policy, ScopeKind, Scopes } from '#shared/auth/policy.ts';
import { anyScope } from './policy/any-scope.ts';
import { projectOnly } from './policy/project-only.ts';
import { systemOrProject } from './policy/system-or-project.ts';

/** Rules that others refer to, and rules that any token passes. */
const baseRules: Policy = {
  admin_required: 'role:admin or is_admin:1',
  service_role: 'role:service',
  service_or_admin: 'rule:admin_required or rule:service_role',
  owner: 'user_id:%(user_id)s',
  admin_or_owner: 'rule:admin_required or rule:owner',
  token_subject: 'user_id:%(target.token.user_id)s',
  admin_or_token_subject: 'rule:admin_required or rule:token_subject',
  service_admin_or_token_subject: 'rule:service_or_admin or rule:token_subject',
  domain_managed_target_role:
    "'manager':%(target.role.name)s or 'member':%(target.role.name)s or 'reader':%(target.role.name)s",

  'identity:get_auth_catalog': '',
  'identity:get_auth_projects': '',
  'identity:get_auth_domains': '',
  'identity:get_auth_system': '',
  'identity:list_projects_for_user': '',
  'identity:list_domains_for_user': '',

  // Wattle's own: keys and revocations, for the other services
  'identity:get_trust_document': 'rule:service_or_admin',
};

export const policy: Policy = { ...baseRules, ...anyScope, ...systemOrProject, ...projectOnly };

const withScopes = (rules: Policy, types: readonly ScopeKind[]) =>
  Object.keys(rules).map((rule) => [rule, types] as const);

export const scopes: Scopes = new Map([
  ...withScopes(anyScope, ['system', 'domain', 'project']),
  ...withScopes(systemOrProject, ['system', 'project']),
  ...withScopes(projectOnly, ['project']),
]);
