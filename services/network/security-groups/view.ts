import { standardView } from '../resources/view.ts';
import type { GroupRule, SecurityGroup } from './store.ts';

export function ruleView(rule: GroupRule, defaultGroupIds: ReadonlySet<string>) {
  const { name: _, ...standard } = standardView(rule);
  return {
    ...standard,
    security_group_id: rule.groupId,
    ethertype: rule.ethertype,
    direction: rule.direction,
    protocol: rule.protocol,
    port_range_min: rule.portMin,
    port_range_max: rule.portMax,
    remote_ip_prefix: rule.cidr,
    remote_address_group_id: null,
    normalized_cidr: rule.normalizedCidr,
    remote_group_id: rule.remoteGroupId,
    belongs_to_default_sg: defaultGroupIds.has(rule.groupId),
  };
}

export const groupView = (group: SecurityGroup, rules: readonly GroupRule[], defaultGroupIds: ReadonlySet<string>) => ({
  ...standardView(group),
  stateful: group.stateful,
  shared: false,
  security_group_rules: rules.map((rule) => ruleView(rule, defaultGroupIds)),
});
