/** Placement's rules: nearly everything is for administrators and services only. */
import type { Policy } from '#shared/auth/policy.ts';

const service = 'rule:admin_or_service_api';
const verbs = (what: string, ...names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [`placement:${what}:${name}`, service]));

export const policy: Policy = {
  admin_or_service_api: 'role:admin or role:service',
  project_reader_api: 'role:reader and project_id:%(project_id)s',
  ...verbs('resource_providers', 'list', 'create', 'show', 'update', 'delete', 'usages'),
  ...verbs('resource_providers:inventories', 'list', 'create', 'show', 'update', 'delete'),
  ...verbs('resource_providers:aggregates', 'list', 'update'),
  ...verbs('resource_providers:traits', 'list', 'update', 'delete'),
  ...verbs('resource_providers:allocations', 'list'),
  ...verbs('resource_classes', 'list', 'create', 'show', 'update', 'delete'),
  ...verbs('traits', 'list', 'show', 'update', 'delete'),
  ...verbs('allocations', 'manage', 'list', 'update', 'delete'),
  ...verbs('allocation_candidates', 'list'),
  'placement:reshaper:reshape': 'role:service',
  'placement:usages': 'role:admin or rule:project_reader_api or role:service',
};
