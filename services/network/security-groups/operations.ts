import type { Caller } from '#shared/auth/caller.ts';
import { may } from '#shared/auth/policy.ts';
import { conflict } from '#shared/errors/fault.ts';
import { addressGroups } from '../address-groups/resource.ts';
import type { Network } from '../context.ts';
import { markGroupsDirty } from '../ports/mark-dirty.ts';
import { reserve } from '../quotas/quotas.ts';
import { freshRow } from '../resources/values.ts';
import { deletePoliciesOf } from '../sharing/store.ts';
import { firstRules } from './default-group.ts';
import { forgetEnsured } from './ensure-default.ts';
import {
  type GroupChange,
  type GroupRule,
  groupRows,
  type NewGroup,
  type NewRule,
  ruleRows,
  type SecurityGroup,
} from './resource.ts';
import { parseRule, ruleKey } from './rule.ts';
import { deleteDefaultGroup, isDefaultGroup, isGroupUsed } from './store.ts';

export async function createGroup(network: Network, _caller: Caller, input: NewGroup, projectId: string) {
  if (input.name.toLowerCase() === 'default')
    throw conflict('Default security group already exists.', 'SecurityGroupDefaultAlreadyExists');
  await reserve(network, projectId, 'security_group');
  const group: SecurityGroup = { ...freshRow(projectId, input), ...input };
  const rules = await firstRules(network, group, false);
  await reserve(network, projectId, 'security_group_rule', rules.length);
  await groupRows.insert(network.db, group);
  for (const rule of rules) await ruleRows.insert(network.db, rule);
  return group;
}

export async function updateGroup({ db }: Network, _caller: Caller, group: SecurityGroup, input: GroupChange) {
  const isDefault = await isDefaultGroup(db, group.id);
  if (input.name !== undefined && input.name !== group.name && (isDefault || input.name.toLowerCase() === 'default'))
    throw conflict('Updating default security group not allowed.', 'SecurityGroupCannotUpdateDefault');
  if (input.stateful !== undefined && input.stateful !== group.stateful && (await isGroupUsed(db, group.id)))
    throw conflict(`Security Group ${group.id} in use.`, 'SecurityGroupInUse');
  await groupRows.update(db, group.id, input);
}

/** Only an admin may delete a default group; it is created again with the next request of the project. */
export async function removeGroup(network: Network, caller: Caller, { id }: SecurityGroup): Promise<void> {
  const { db } = network;
  if ((await isDefaultGroup(db, id)) && !may(caller, 'context_is_admin'))
    throw conflict('Insufficient rights for removing default security group.', 'SecurityGroupCannotRemoveDefault');
  if (await isGroupUsed(db, id)) throw conflict(`Security Group ${id} in use.`, 'SecurityGroupInUse');
  const referring = await ruleRows.where(db, { remoteGroupId: id });
  await markGroupsDirty(network, [id, ...referring.map(({ groupId }) => groupId)]);
  for (const rule of [...referring, ...(await ruleRows.where(db, { groupId: id }))]) await ruleRows.remove(db, rule.id);
  await deleteDefaultGroup(db, id);
  forgetEnsured(network);
  await deletePoliciesOf(db, id);
  await groupRows.remove(db, id);
}

export async function createRule(
  network: Network,
  caller: Caller,
  input: NewRule,
  projectId: string,
): Promise<GroupRule> {
  const { db } = network;
  const parsed = parseRule(input);
  const group = await groupRows.find(db, caller, input.groupId);
  const remoteGroupId = input.remoteGroupId || null;
  if (remoteGroupId !== null) await groupRows.find(db, caller, remoteGroupId);
  if (input.remoteAddressGroupId !== null) await addressGroups.rows.find(db, caller, input.remoteAddressGroupId);
  await reserve(network, projectId, 'security_group_rule');
  const rule: GroupRule = { ...freshRow(projectId, input, 0), ...input, ...parsed, remoteGroupId };
  await refuseDuplicate(network, rule);
  await ruleRows.insert(db, rule);
  await groupRows.update(db, group.id, {});
  await markRuleDirty(network, rule);
  return rule;
}

async function refuseDuplicate({ db }: Network, rule: GroupRule): Promise<void> {
  const rules = await ruleRows.where(db, { groupId: rule.groupId });
  const duplicate = rules.find((each) => ruleKey(each) === ruleKey(rule));
  if (duplicate)
    throw conflict(`Security group rule already exists. Rule id is ${duplicate.id}.`, 'SecurityGroupRuleExists');
}

/** Marks the rule's group, and the group at its remote end, whose members hosts may need now. */
const markRuleDirty = (network: Network, { groupId, remoteGroupId, remoteAddressGroupId }: GroupRule) =>
  markGroupsDirty(
    network,
    [groupId, remoteGroupId, remoteAddressGroupId].filter((id) => id !== null),
  );

export async function removeRule(network: Network, _caller: Caller, rule: GroupRule): Promise<void> {
  await markRuleDirty(network, rule);
  await ruleRows.remove(network.db, rule.id);
  await groupRows.update(network.db, rule.groupId, {});
}
