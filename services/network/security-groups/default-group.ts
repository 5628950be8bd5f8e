import type { Network } from '../context.ts';
import { type DefaultRule, defaultRules } from '../default-rules/resource.ts';
import { freshRow } from '../resources/values.ts';
import { type GroupRule, groupRows, ruleRows, type SecurityGroup } from './resource.ts';
import { normalizedCidrOf, ruleKey } from './rule.ts';
import { findDefaultGroup, insertDefaultGroup } from './store.ts';

/** The rules that a new group begins with, each once: one for all groups may be the same as one for default groups. */
export async function firstRules({ db }: Network, group: SecurityGroup, isDefault: boolean): Promise<GroupRule[]> {
  const used = isDefault ? { usedInDefaultSg: true } : { usedInNonDefaultSg: true };
  const rules = (await defaultRules.rows.where(db, used)).map((rule) => ruleOf(rule, group));
  return [...new Map(rules.map((rule) => [ruleKey(rule), rule])).values()];
}

function ruleOf(rule: DefaultRule, { id: groupId, projectId }: SecurityGroup): GroupRule {
  const { direction, ethertype, protocol, portMin, portMax, cidr, remoteAddressGroupId } = rule;
  return {
    ...freshRow(projectId, rule, 0),
    groupId,
    direction,
    ethertype,
    protocol,
    portMin,
    portMax,
    cidr,
    normalizedCidr: normalizedCidrOf(cidr),
    remoteGroupId: rule.remoteGroupId === 'PARENT' ? groupId : rule.remoteGroupId,
    remoteAddressGroupId,
  };
}

/** Returns the id of a project's default group, and creates it first if needed. Its members may reach each other. */
export async function defaultGroup(network: Network, projectId: string): Promise<string> {
  const { db } = network;
  const known = await findDefaultGroup(db, projectId);
  if (known !== undefined) return known;
  const description = 'Default security group';
  const group = { ...freshRow(projectId, { name: 'default', description }), stateful: true };
  await groupRows.insert(db, group);
  await insertDefaultGroup(db, projectId, group.id);
  for (const rule of await firstRules(network, group, true)) await ruleRows.insert(db, rule);
  return group.id;
}
