import type { FirewallRule, GroupSpec } from '#shared/contracts/network-agent.ts';
import { addressGroups } from '../address-groups/resource.ts';
import type { Network } from '../context.ts';
import { type GroupRule, groupRows, ruleRows } from '../security-groups/resource.ts';
import { protocolNumber } from '../security-groups/rule.ts';
import { groupsNeededBy, memberAddresses } from '../security-groups/store.ts';

/** An address group is members without rules. Undefined when no port on that host is in the group or in a group that refers to it. */
export async function groupSpec({ db }: Network, host: string, groupId: string): Promise<GroupSpec | undefined> {
  if (!(await groupsNeededBy(db, host)).has(groupId)) return undefined;
  const addressGroup = await addressGroups.rows.get(db, groupId);
  if (addressGroup) return { id: groupId, rules: [], members: addressGroup.addresses };
  if (!(await groupRows.get(db, groupId))) return undefined;
  const rules = await ruleRows.where(db, { groupId });
  return { id: groupId, rules: rules.map(firewallRule), members: await memberAddresses(db, groupId) };
}

const firewallRule = (rule: GroupRule): FirewallRule => ({
  direction: rule.direction,
  family: rule.ethertype === 'IPv4' ? 4 : 6,
  protocol: protocolNumber(rule.protocol) === 0 ? '0' : rule.protocol, // agents do not know its name
  portMin: rule.portMin,
  portMax: rule.portMax,
  cidr: rule.normalizedCidr,
  remoteGroupId: rule.remoteGroupId ?? rule.remoteAddressGroupId,
});
