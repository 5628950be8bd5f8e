/** The rules of Swift's keystoneauth. The target is the account's project; ACLs of containers are checked after these. */
import type { Policy } from '#shared/auth/policy.ts';

export const policy: Policy = {
  rules: {
    'object-store:operate': '(role:admin or role:member or role:swiftoperator) and project_id:%(project_id)s',
    'object-store:read': 'role:reader and project_id:%(project_id)s',
    'object-store:get_ring': 'role:admin',
    'object-store:resell': 'role:ResellerAdmin',
  },
};
