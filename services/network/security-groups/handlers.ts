import type { Network } from '../context.ts';
import { handlersOf, type Kind } from '../resources/handlers.ts';
import { createGroup, createRule, type GroupWish, removeGroup, removeRule, updateGroup } from './operations.ts';
import type { RuleWish } from './rule.ts';
import {
  defaultGroupsAmong,
  type GroupRule,
  groupAttributes,
  groupRows,
  ruleAttributes,
  ruleRows,
  type SecurityGroup,
} from './store.ts';
import { groupView, ruleView } from './view.ts';

const groupKind: Kind<SecurityGroup, GroupWish> = {
  one: 'security_group',
  many: 'security_groups',
  attributes: groupAttributes,
  rows: groupRows,
  views: async ({ db }: Network, rows) => {
    const ids = rows.map(({ id }) => id);
    const rules = Map.groupBy(await ruleRows.whereIn(db, 'groupId', ids), ({ groupId }) => groupId);
    const defaults = await defaultGroupsAmong(db, ids);
    return rows.map((row) => groupView(row, rules.get(row.id) ?? [], defaults));
  },
  target: async () => ({ shared: false }),
  create: createGroup,
  update: updateGroup,
  remove: removeGroup,
};

const ruleKind: Kind<GroupRule, RuleWish> = {
  one: 'security_group_rule',
  many: 'security_group_rules',
  attributes: ruleAttributes,
  rows: ruleRows,
  views: async ({ db }, rows) => {
    const defaults = await defaultGroupsAmong(
      db,
      rows.map(({ groupId }) => groupId),
    );
    return rows.map((row) => ruleView(row, defaults));
  },
  target: async ({ db }, thing) => {
    const groupId = 'groupId' in thing ? thing.groupId : thing.security_group_id;
    const group = await groupRows.get(db, groupId);
    return { 'security_group:project_id': group?.projectId };
  },
  findParent: ({ db }, who, { security_group_id }) => groupRows.find(db, who, security_group_id),
  create: createRule,
  remove: removeRule,
};

export const securityGroups = handlersOf(groupKind);
export const securityGroupRules = handlersOf(ruleKind);
