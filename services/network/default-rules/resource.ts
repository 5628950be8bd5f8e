import { boolean, clearable, create, listed, namelessUntagged, text, uuid } from '../resources/attributes.ts';
import { type New, type Row, resource } from '../resources/resource.ts';
import { ruleAttributes } from '../security-groups/resource.ts';

/** The rules that new security groups begin with: those of default groups, and those of the others. */
export const defaultRules = resource('default_security_group_rule', 'default_security_group_rules', {
  table: 'default_group_rules',
  missing: ['DefaultSecurityGroupRuleNotFound', (id) => `Default Security Group rule ${id} does not exist`],
  untagged: true,
  attributes: {
    ...namelessUntagged,
    tenant_id: text({ column: 'projectId', hidden: true }),
    project_id: text({ column: 'projectId', hidden: true }),
    description: clearable({ set: create, default: '', ...listed }),
    ...ruleAttributes,
    /** `PARENT` is the group that gets the rule. */
    remote_group_id: uuid({
      set: create,
      nullable: true,
      default: null,
      ...listed,
      input: { type: 'string', maxLength: 255 },
    }),
    used_in_default_sg: boolean({ set: create, default: false, ...listed }),
    used_in_non_default_sg: boolean({ set: create, default: true, ...listed }),
  },
});

export type DefaultRule = Row<typeof defaultRules>;
export type NewDefaultRule = New<typeof defaultRules>;
