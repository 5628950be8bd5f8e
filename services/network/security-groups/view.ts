import type { Call } from '#shared/http/route.ts';
import type { Network } from '../context.ts';
import { refusedOf } from '../host-sync/store.ts';
import { type GroupRule, ruleRows, type SecurityGroup, securityGroupRules } from './resource.ts';
import { defaultGroupsAmong } from './store.ts';

export async function ruleRelations({ db }: Network, rows: readonly Pick<GroupRule, 'groupId'>[]) {
  const groupIds = rows.map(({ groupId }) => groupId);
  const defaults = await defaultGroupsAmong(db, groupIds);
  return ({ groupId }: Pick<GroupRule, 'groupId'>) => ({ belongsToDefaultSg: defaults.has(groupId) });
}

/** The rules of groups. */
export async function groupRelations(network: Network, rows: readonly SecurityGroup[], { may }: Pick<Call, 'may'>) {
  const ids = rows.map(({ id }) => id);
  const rules = Map.groupBy(await ruleRows.whereIn(network.db, 'groupId', ids), ({ groupId }) => groupId);
  const relations = await ruleRelations(
    network,
    ids.map((groupId) => ({ groupId })),
  );
  const view = (rule: GroupRule) => securityGroupRules.view({ ...rule, ...relations(rule) }, { may });
  const refused = await refusedOf(network.db, ids);
  return ({ id }: SecurityGroup) => ({
    securityGroupRules: (rules.get(id) ?? []).map(view),
    refused: refused.get(id),
  });
}
