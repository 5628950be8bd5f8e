import type { Handler } from '#shared/http/route.ts';
import type { Network } from '../context.ts';
import { handlersOf, type Kind } from '../resources/handlers.ts';
import { createGroup, createRule, type GroupInput, removeGroup, removeRule, updateGroup } from './operations.ts';
import type { RuleInput } from './rule.ts';
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

const groupKind: Kind<SecurityGroup, GroupInput> = {
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
  create: createGroup,
  update: updateGroup,
  remove: removeGroup,
};

const ruleKind: Kind<GroupRule, RuleInput> = {
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
  target: async ({ db }, { groupId }) => groupTarget(await groupRows.get(db, groupId)),
  targetOfNew: async ({ db }, caller, { security_group_id }) =>
    groupTarget(await groupRows.find(db, caller, security_group_id)),
  create: createRule,
  remove: removeRule,
};

const groupTarget = (group: SecurityGroup | undefined) => ({ 'security_group:project_id': group?.projectId });

export const securityGroups = handlersOf(groupKind);

const ruleHandlers = handlersOf(ruleKind);

/** Checks the rule for reads once, with the caller's project as the owner of the group. */
const authorizedRead =
  (handler: Handler<Network>): Handler<Network> =>
  (network, call) => {
    call.authorize('get_security_group_rule', { 'security_group:project_id': call.caller.projectId });
    return handler(network, call);
  };

export const securityGroupRules = {
  ...ruleHandlers,
  list: authorizedRead(ruleHandlers.list),
  show: authorizedRead(ruleHandlers.show),
};
