/** Rules for tokens of system, domain or project scope. */
import type { Policy } from '#shared/auth/policy.ts';
import { admin, reader, roleOfDomain, sameDomain } from './aliases.ts';

export const anyScope: Policy = {
  'identity:get_credential': `${reader} or user_id:%(target.credential.user_id)s`,
  'identity:list_credentials': `${reader} or user_id:%(target.credential.user_id)s`,
  'identity:create_credential': `${admin} or user_id:%(target.credential.user_id)s`,
  'identity:update_credential': `${admin} or user_id:%(target.credential.user_id)s`,
  'identity:delete_credential': `${admin} or user_id:%(target.credential.user_id)s`,

  'identity:get_domain': `${reader} or token.domain.id:%(target.domain.id)s or token.project.domain.id:%(target.domain.id)s`,
  'identity:list_domains': `${reader} or (role:reader and domain_id:%(target.domain.id)s)`,

  'identity:get_security_compliance_domain_config': '',

  'identity:ec2tokens_validate': 'rule:service_or_admin',

  'identity:check_grant': `${reader} or ((${sameDomain('reader')}) and ${roleOfDomain})`,
  'identity:list_grants': `${reader} or ${sameDomain('reader')}`,
  'identity:create_grant': `${admin} or ((${sameDomain('admin')}) and ${roleOfDomain}) or ((${sameDomain('manager')}) and rule:domain_managed_target_role)`,
  'identity:revoke_grant': `${admin} or ((${sameDomain('admin')}) and ${roleOfDomain}) or ((${sameDomain('manager')}) and rule:domain_managed_target_role)`,

  'identity:get_group': `${reader} or (role:reader and domain_id:%(target.group.domain_id)s)`,
  'identity:list_groups': `${reader} or (role:reader and domain_id:%(target.group.domain_id)s)`,
  'identity:list_groups_for_user': `${reader} or (role:reader and domain_id:%(target.user.domain_id)s) or user_id:%(user_id)s`,
  'identity:create_group': `${admin} or (role:manager and domain_id:%(target.group.domain_id)s)`,
  'identity:update_group': `${admin} or (role:manager and domain_id:%(target.group.domain_id)s)`,
  'identity:delete_group': `${admin} or (role:manager and domain_id:%(target.group.domain_id)s)`,
  'identity:list_users_in_group': `${reader} or (role:reader and domain_id:%(target.group.domain_id)s)`,
  'identity:remove_user_from_group': `${admin} or (role:manager and domain_id:%(target.group.domain_id)s and domain_id:%(target.user.domain_id)s)`,
  'identity:check_user_in_group': `${reader} or (role:reader and domain_id:%(target.group.domain_id)s and domain_id:%(target.user.domain_id)s)`,
  'identity:add_user_to_group': `${admin} or (role:manager and domain_id:%(target.group.domain_id)s and domain_id:%(target.user.domain_id)s)`,

  'identity:get_limit_model': '',
  'identity:get_limit': `${reader} or (domain_id:%(target.limit.domain.id)s or domain_id:%(target.limit.project.domain_id)s) or (project_id:%(target.limit.project_id)s and not None:%(target.limit.project_id)s)`,
  'identity:list_limits': '',

  // beyond the upstream rule: the service network checks that a project exists, without being an administrator
  'identity:get_project': `${reader} or rule:service_role or (role:reader and domain_id:%(target.project.domain_id)s and not None:%(target.project.domain_id)s) or project_id:%(target.project.id)s`,
  // beyond the upstream rule, too: network finds the project for the resources of a new cloud
  'identity:list_projects': `${reader} or rule:service_role or (role:reader and domain_id:%(target.domain_id)s)`,
  'identity:list_user_projects': `${reader} or (role:reader and domain_id:%(target.user.domain_id)s) or user_id:%(target.user.id)s`,
  'identity:create_project': `${admin} or (role:manager and domain_id:%(target.project.domain_id)s and not None:%(target.project.domain_id)s)`,
  'identity:update_project': `${admin} or (role:manager and domain_id:%(target.project.domain_id)s and not None:%(target.project.domain_id)s)`,
  'identity:delete_project': `${admin} or (role:manager and domain_id:%(target.project.domain_id)s and not None:%(target.project.domain_id)s)`,
  'identity:list_project_tags': `${reader} or (role:reader and domain_id:%(target.project.domain_id)s and not None:%(target.project.domain_id)s) or project_id:%(target.project.id)s`,
  'identity:get_project_tag': `${reader} or (role:reader and domain_id:%(target.project.domain_id)s and not None:%(target.project.domain_id)s) or project_id:%(target.project.id)s`,
  'identity:update_project_tags': `${admin} or (role:manager and domain_id:%(target.project.domain_id)s and not None:%(target.project.domain_id)s)`,
  'identity:create_project_tag': `${admin} or (role:manager and domain_id:%(target.project.domain_id)s and not None:%(target.project.domain_id)s)`,
  'identity:delete_project_tags': `${admin} or (role:manager and domain_id:%(target.project.domain_id)s and not None:%(target.project.domain_id)s)`,
  'identity:delete_project_tag': `${admin} or (role:manager and domain_id:%(target.project.domain_id)s and not None:%(target.project.domain_id)s)`,

  'identity:get_region': '',
  'identity:list_regions': '',

  'identity:get_registered_limit': '',
  'identity:list_registered_limits': '',

  'identity:get_role':
    '(rule:admin_required or (role:reader and system_scope:all)) or (role:manager and rule:domain_managed_target_role)',
  'identity:list_roles':
    '(rule:admin_required or (role:reader and system_scope:all)) or (role:manager and not domain_id:None)',

  'identity:list_role_assignments': `${reader} or (role:reader and domain_id:%(target.domain_id)s)`,
  'identity:list_role_assignments_for_tree': `${reader} or (role:reader and domain_id:%(target.domain_id)s)`,

  'identity:s3tokens_validate': 'rule:service_or_admin',

  'identity:check_token': `${reader} or rule:token_subject`,
  'identity:validate_token': `${reader} or rule:service_role or rule:token_subject`,
  'identity:revoke_token': `${admin} or rule:token_subject`,

  'identity:get_user': `${reader} or (role:reader and token.domain.id:%(target.user.domain_id)s) or user_id:%(target.user.id)s`,
  'identity:list_users': `${reader} or (role:reader and domain_id:%(target.domain_id)s)`,
  'identity:create_user': `${admin} or (role:manager and token.domain.id:%(target.user.domain_id)s)`,
  'identity:update_user': `${admin} or (role:manager and token.domain.id:%(target.user.domain_id)s)`,
  'identity:delete_user': `${admin} or (role:manager and token.domain.id:%(target.user.domain_id)s)`,
};
