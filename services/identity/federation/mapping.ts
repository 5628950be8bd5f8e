/** From what a provider asserts of somebody to who they are here: the first rule whose remote part fits. */
import { badRequest } from '#shared/errors/fault.ts';

/** Each attribute with its values. */
export type Assertion = Readonly<Record<string, readonly string[]>>;

interface RemoteRule {
  readonly type: string;
  readonly any_one_of?: readonly string[];
  readonly not_any_of?: readonly string[];
  readonly whitelist?: readonly string[];
  readonly blacklist?: readonly string[];
  readonly regex?: boolean;
}
interface Named {
  readonly id?: string;
  readonly name?: string;
  readonly domain?: { readonly id?: string; readonly name?: string };
}
interface LocalRule {
  readonly user?: Named & { readonly email?: string; readonly type?: string };
  readonly group?: Named;
  readonly groups?: string;
  readonly group_ids?: string;
  readonly domain?: { readonly id?: string; readonly name?: string };
}
interface Rule {
  readonly local: readonly LocalRule[];
  readonly remote: readonly RemoteRule[];
}

export interface Mapped {
  readonly user: NonNullable<LocalRule['user']>;
  readonly groupIds: readonly string[];
  readonly groupNames: readonly Named[];
}

/** Undefined when no rule fits: then nobody is let in. */
export function mapped(rules: readonly unknown[], assertion: Assertion): Mapped | undefined {
  for (const rule of rules as readonly Rule[]) {
    const direct = directOf(rule, assertion);
    if (direct) return localOf(rule, direct);
  }
  return undefined;
}

/** The values that `{0}`, `{1}` mean, one list a remote rule that only picks; undefined where one does not fit. */
function directOf({ remote }: Rule, assertion: Assertion): (readonly string[])[] | undefined {
  const direct: (readonly string[])[] = [];
  for (const rule of remote) {
    const values = Object.hasOwn(assertion, rule.type) ? (assertion[rule.type] ?? []) : [];
    if (values.length === 0) return undefined;
    const { any_one_of: wanted, not_any_of: unwanted, whitelist, blacklist } = rule;
    const matches = (value: string, list: readonly string[]) =>
      list.some((each) => (rule.regex ? new RegExp(each).test(value) : each === value));
    if (wanted && !values.some((value) => matches(value, wanted))) return undefined;
    if (unwanted && values.some((value) => matches(value, unwanted))) return undefined;
    if (wanted || unwanted) continue;
    const allowed = whitelist ? values.filter((value) => matches(value, whitelist)) : values;
    direct.push(blacklist ? allowed.filter((value) => !matches(value, blacklist)) : allowed);
  }
  return direct;
}

function localOf({ local }: Rule, direct: readonly (readonly string[])[]): Mapped {
  const fill = (text: string | undefined) =>
    text?.replace(/\{(\d+)\}/g, (_match, at: string) => {
      const values = direct[Number(at)];
      if (values === undefined) throw badRequest(`The mapping names {${at}}, and the assertion has no such value.`);
      return values.join(';');
    });
  const filled = (thing: Named): Named => ({
    ...(thing.id === undefined ? {} : { id: fill(thing.id) ?? '' }),
    ...(thing.name === undefined ? {} : { name: fill(thing.name) ?? '' }),
    ...(thing.domain ? { domain: thing.domain } : {}),
  });
  let user: Mapped['user'] = {};
  const [groupIds, groupNames]: [string[], Named[]] = [[], []];
  for (const rule of local) {
    if (rule.user) {
      const email = fill(rule.user.email);
      user = {
        ...user,
        ...filled(rule.user),
        ...(email === undefined ? {} : { email }),
        ...(rule.user.type ? { type: rule.user.type } : {}),
      };
    }
    if (rule.group?.id !== undefined) groupIds.push(fill(rule.group.id) ?? '');
    else if (rule.group) groupNames.push(filled(rule.group));
    if (rule.group_ids !== undefined) groupIds.push(...split(fill(rule.group_ids)));
    if (rule.groups !== undefined)
      groupNames.push(
        ...split(fill(rule.groups)).map((name) => ({ name, ...(rule.domain ? { domain: rule.domain } : {}) })),
      );
  }
  return { user, groupIds, groupNames };
}

const split = (text = ''): string[] =>
  text
    .replace(/^\[|\]$/g, '')
    .split(/[;,]/)
    .map((each) => each.trim().replace(/^["']|["']$/g, ''))
    .filter(Boolean);

/** Throws 400 for rules that cannot mean anything. */
export function refuseOddRules(rules: unknown): asserts rules is readonly Rule[] {
  const isRule = (rule: unknown) => {
    const { local, remote } = (rule ?? {}) as Partial<Rule>;
    return (
      Array.isArray(local) &&
      local.length > 0 &&
      Array.isArray(remote) &&
      remote.length > 0 &&
      remote.every((each) => typeof each?.type === 'string')
    );
  };
  if (!Array.isArray(rules) || rules.length === 0 || !rules.every(isRule))
    throw badRequest("Invalid input for field 'rules': each rule has a local and a remote part.");
}
