/** Reads an operator's policy file: YAML of rule names and checks, as for oslo.policy. */
import { readFileSync } from 'node:fs';
import { parseYaml } from '#shared/config/yaml.ts';
import type { Policy } from './policy.ts';

/** Returns the defaults overridden by the rules of the file. Throws an Error for a rule that no route and no rule uses. */
export function withPolicyFile(defaults: Policy, file: string): Policy {
  if (!file) return defaults;
  const given: unknown = parseYaml(readFileSync(file, 'utf8')) ?? {};
  if (typeof given !== 'object' || Array.isArray(given))
    throw new Error(`${file} is not a map of rule names to checks.`);
  const rules = Object.entries(given as Record<string, unknown>).map(([rule, check]) => {
    if (typeof check !== 'string') throw new Error(`The check of ${rule} in ${file} is not text.`);
    return [rule, check] as const;
  });
  const used = new Set(rules.flatMap(([, check]) => [...check.matchAll(/rule:([^\s()]+)/g)].map(([, name]) => name)));
  const unused = rules.filter(([rule]) => !Object.hasOwn(defaults, rule) && !used.has(rule)).map(([rule]) => rule);
  if (unused.length > 0) throw new Error(`${file} has rules that nothing uses: ${unused.join(', ')}.`);
  return { ...defaults, ...Object.fromEntries(rules) };
}
