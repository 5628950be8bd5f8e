import type { Who } from '#shared/auth/who.ts';
import { conflict } from '#shared/errors/fault.ts';
import type { Network } from '../context.ts';
import { restateGroups } from '../ports/restate.ts';
import { reserve } from '../quotas/reserve.ts';
import { freshRow, given, type StandardWish, truth } from '../resources/values.ts';
import { egressRules, freshRule } from './default-group.ts';
import { forgetGreetings } from './greet.ts';
import { protocolNumber, type RuleWish, saidBy } from './rule.ts';
import {
  type GroupRule,
  groupRows,
  isDefaultGroup,
  isGroupUsed,
  removeDefaultGroup,
  ruleRows,
  type SecurityGroup,
} from './store.ts';

export interface GroupWish extends StandardWish {
  readonly stateful?: unknown;
}

export async function createGroup(network: Network, _who: Who, wish: GroupWish, projectId: string) {
  if (wish.name?.toLowerCase() === 'default')
    throw conflict('Default security group already exists.', 'SecurityGroupDefaultAlreadyExists');
  await reserve(network, projectId, 'security_group');
  const rules = (groupId: string) => egressRules(projectId, groupId);
  await reserve(network, projectId, 'security_group_rule', rules('').length);
  const stateful = wish.stateful === undefined ? true : truth(wish.stateful, 'stateful');
  const group: SecurityGroup = { ...freshRow(projectId, wish), stateful };
  await groupRows.insert(network.db, group);
  for (const rule of rules(group.id)) await ruleRows.insert(network.db, rule);
  return group;
}

export async function updateGroup(network: Network, _who: Who, group: SecurityGroup, wish: GroupWish) {
  const { db } = network;
  const isDefault = await isDefaultGroup(db, group.id);
  if (wish.name !== undefined && wish.name !== group.name && (isDefault || wish.name.toLowerCase() === 'default'))
    throw conflict('Updating default security group not allowed.', 'SecurityGroupCannotUpdateDefault');
  const stateful = wish.stateful === undefined ? undefined : truth(wish.stateful, 'stateful');
  const change = given({ name: wish.name, description: wish.description ?? undefined, stateful });
  await groupRows.update(db, group.id, change);
  return { ...group, ...change, updatedAt: Date.now(), revision: group.revision + 1 };
}

/** A project's default group goes by an admin's hand alone, and comes back with the next call. */
export async function removeGroup(network: Network, who: Who, { id }: SecurityGroup): Promise<void> {
  const { db } = network;
  if ((await isDefaultGroup(db, id)) && !who.roles.includes('admin'))
    throw conflict('Insufficient rights for removing default security group.', 'SecurityGroupCannotRemoveDefault');
  if (await isGroupUsed(db, id)) throw conflict(`Security Group ${id} in use.`, 'SecurityGroupInUse');
  const speaking = await ruleRows.where(db, { remoteGroupId: id });
  await restateGroups(network, [id, ...speaking.map(({ groupId }) => groupId)]);
  for (const rule of [...speaking, ...(await ruleRows.where(db, { groupId: id }))]) await ruleRows.remove(db, rule.id);
  await removeDefaultGroup(db, id);
  forgetGreetings(network);
  await groupRows.remove(db, id);
}

export async function createRule(network: Network, who: Who, wish: RuleWish, projectId: string): Promise<GroupRule> {
  const { db } = network;
  const said = saidBy(wish);
  const group = await groupRows.find(db, who, wish.security_group_id);
  const remoteGroupId = wish.remote_group_id || null;
  if (remoteGroupId !== null) await groupRows.find(db, who, remoteGroupId);
  await reserve(network, projectId, 'security_group_rule');
  const rule: GroupRule = {
    ...freshRule(projectId, group.id, { direction: wish.direction, ethertype: said.ethertype }),
    ...said,
    remoteGroupId,
    description: wish.description ?? '',
  };
  await refuseTwin(network, rule);
  await ruleRows.insert(db, rule);
  await groupRows.update(db, group.id, {});
  await restateRules(network, rule);
  return rule;
}

async function refuseTwin({ db }: Network, rule: GroupRule): Promise<void> {
  const said = ({ direction, ethertype, protocol, portMin, portMax, normalizedCidr, remoteGroupId }: GroupRule) =>
    JSON.stringify([
      direction,
      ethertype,
      protocolNumber(protocol),
      portMin,
      portMax,
      anywhere(normalizedCidr),
      remoteGroupId,
    ]);
  const twin = (await ruleRows.where(db, { groupId: rule.groupId })).find((each) => said(each) === said(rule));
  if (twin) throw conflict(`Security group rule already exists. Rule id is ${twin.id}.`, 'SecurityGroupRuleExists');
}

/** No prefix and the whole of the internet are the same. */
const anywhere = (cidr: string | null) => (cidr === '0.0.0.0/0' || cidr === '::/0' ? null : cidr);

/** Hosts with ports of the group, and the members of a group that it speaks of for the first time. */
const restateRules = (network: Network, { groupId, remoteGroupId }: GroupRule) =>
  restateGroups(network, remoteGroupId === null ? [groupId] : [groupId, remoteGroupId]);

export async function removeRule(network: Network, _who: Who, rule: GroupRule): Promise<void> {
  await restateRules(network, rule);
  await ruleRows.remove(network.db, rule.id);
  await groupRows.update(network.db, rule.groupId, {});
}
