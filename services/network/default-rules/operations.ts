import type { Caller } from '#shared/auth/caller.ts';
import { conflict } from '#shared/errors/fault.ts';
import { addressGroups } from '../address-groups/resource.ts';
import type { Network } from '../context.ts';
import { freshRow } from '../resources/values.ts';
import { groupRows } from '../security-groups/resource.ts';
import { parseRule, ruleKey } from '../security-groups/rule.ts';
import { type DefaultRule, defaultRules, type NewDefaultRule } from './resource.ts';

const { rows } = defaultRules;

export async function createDefaultRule({ db }: Network, caller: Caller, input: NewDefaultRule): Promise<DefaultRule> {
  const { normalizedCidr: _, ...parsed } = parseRule(input);
  if (input.remoteGroupId !== null && input.remoteGroupId !== 'PARENT')
    await groupRows.find(db, caller, input.remoteGroupId);
  if (input.remoteAddressGroupId !== null) await addressGroups.rows.find(db, caller, input.remoteAddressGroupId);
  const rule: DefaultRule = { ...freshRow('', input, 0), ...input, ...parsed };
  const same = (await rows.where(db, {})).find((each) => ruleKey(each) === ruleKey(rule) && isUsedAs(each, rule));
  if (same)
    throw conflict(
      `Default Security group rule already exists. Rule id is ${same.id}.`,
      'DefaultSecurityGroupRuleExists',
    );
  await rows.insert(db, rule);
  return rule;
}

const isUsedAs = (one: DefaultRule, other: DefaultRule): boolean =>
  one.usedInDefaultSg === other.usedInDefaultSg && one.usedInNonDefaultSg === other.usedInNonDefaultSg;

/** Groups that exist keep their rules. */
export async function removeDefaultRule({ db }: Network, _caller: Caller, { id }: DefaultRule): Promise<void> {
  await rows.remove(db, id);
}
