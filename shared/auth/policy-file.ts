/** An operator's own rules: a YAML file of names and checks, as oslo.policy reads it. */
import { readFileSync } from 'node:fs';
import { parseYaml } from '#shared/config/yaml.ts';
import type { Policy } from './policy.ts';

/** The defaults with the file's rules in their place. Throws when it names a rule that nothing asks. */
export function withPolicyFile(defaults: Policy, file: string): Policy {
  if (!file) return defaults;
  const given: unknown = parseYaml(readFileSync(file, 'utf8')) ?? {};
  if (typeof given !== 'object' || Array.isArray(given))
    throw new Error(`${file} holds no rules: it is rule name to check.`);
  const rules = Object.entries(given as Record<string, unknown>).map(([rule, check]) => {
    if (typeof check !== 'string') throw new Error(`The check of ${rule} in ${file} is no text.`);
    return [rule, check] as const;
  });
  const used = new Set(rules.flatMap(([, check]) => [...check.matchAll(/rule:([^\s()]+)/g)].map(([, name]) => name)));
  const strange = rules.filter(([rule]) => !Object.hasOwn(defaults, rule) && !used.has(rule)).map(([rule]) => rule);
  if (strange.length > 0) throw new Error(`${file} names rules that nothing asks: ${strange.join(', ')}.`);
  return { ...defaults, ...Object.fromEntries(rules) };
}
