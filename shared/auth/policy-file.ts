/** An operator's policy file: YAML of rule names and checks, as for oslo.policy. It is read at the start. */
import { readFileSync } from 'node:fs';
import { parseYaml } from '#shared/config/yaml.ts';
import type { Enforcer } from './caller.ts';
import { type Checks, enforcerOf, type Policy } from './policy.ts';

export interface PolicySettings {
  /** Path of the file; empty: none. */
  readonly policyFile?: string;
  /** Whether a token's scope must be among the scope types of a rule. */
  readonly enforceScope?: boolean;
}

/** Throws an Error for a rule that no route and no rule uses, and as enforcerOf does. */
export function openPolicy(policy: Policy, { policyFile = '', enforceScope = true }: PolicySettings): Enforcer {
  const { scopes, ...rest } = policy;
  const common = { ...rest, ...(enforceScope && scopes ? { scopes } : {}) };
  if (!policyFile) return enforcerOf(common);
  try {
    const changed = checksIn(policyFile);
    refuseUnused(policy.rules, changed);
    return enforcerOf({ ...common, rules: { ...policy.rules, ...changed } });
  } catch (cause) {
    throw new Error(`The policy file ${policyFile}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

function checksIn(file: string): Checks {
  const content: unknown = parseYaml(readFileSync(file, 'utf8')) ?? {};
  if (typeof content !== 'object' || Array.isArray(content))
    throw new Error('It must be a map of rule names to checks.');
  const entries = Object.entries(content as Record<string, unknown>);
  return Object.fromEntries(
    entries.map(([rule, check]) => {
      if (typeof check !== 'string') throw new Error(`The check of ${rule} is not text.`);
      return [rule, check];
    }),
  );
}

function refuseUnused(known: Checks, changed: Checks): void {
  const references = Object.values(changed).flatMap((check) => [...check.matchAll(/rule:([^\s()]+)/g)]);
  const used = new Set(references.map(([, name]) => name));
  const unused = Object.keys(changed).filter((rule) => !Object.hasOwn(known, rule) && !used.has(rule));
  if (unused.length > 0) throw new Error(`Nothing uses the rules ${unused.join(', ')}.`);
}
