import { choice, create, listed, text, unversioned } from '../resources/attributes.ts';
import { type Change, type New, type Row, resource } from '../resources/resource.ts';

const target = { type: 'string', minLength: 1, maxLength: 255 };

export const rbacPolicies = resource('rbac_policy', 'rbac_policies', {
  table: 'rbac_policies',
  missing: ['RbacPolicyNotFound', (id) => `RBAC policy of type rbac-policy with ID ${id} not found`],
  untagged: true,
  attributes: {
    ...unversioned,
    name: text({ hidden: true }),
    object_type: choice(['network', 'security_group', 'subnetpool', 'address_scope', 'address_group', 'qos_policy'])({
      set: create,
      required: true,
      ...listed,
    }),
    object_id: text({ set: create, required: true, ...listed, input: { type: 'string', format: 'uuid' } }),
    /** The id of a project; `*` for all. */
    target_tenant: text({
      column: 'targetProject',
      set: ['create', 'update'],
      required: true,
      ...listed,
      input: target,
    }),
    action: choice(['access_as_shared', 'access_as_external'])({ set: create, required: true, ...listed }),
  },
});

export type RbacPolicy = Row<typeof rbacPolicies>;
export type NewRbacPolicy = New<typeof rbacPolicies>;
export type RbacPolicyChange = Change<typeof rbacPolicies>;
