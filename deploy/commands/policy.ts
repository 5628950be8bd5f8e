/** Prints the policy of a service as a policy file: every rule with its default, commented out, and the requests that ask it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Policy } from '#shared/auth/policy.ts';
import type { Route } from '#shared/http/route.ts';
import { type Command, Refusal } from '../command.ts';
import { parts } from '../roles.ts';

const services = join(import.meta.dirname, '..', '..', 'services');
const hasPolicy = (name: string) => existsSync(join(services, name, 'policy.ts'));

export const command: Command = async ({ args: [name = ''] }) => {
  const known = parts.filter(hasPolicy);
  if (!known.some((each) => each === name)) throw new Refusal(`Name a service: ${known.join(', ')}.`);
  const { policy } = (await import(join(services, name, 'policy.ts'))) as { readonly policy: Policy };
  const { routes } = (await import(join(services, name, 'routes.ts'))) as { readonly routes: readonly Route<never>[] };
  process.stdout.write(
    `# The rules of ${name} with their defaults, for the file that policyFile of ${name} names; a change needs a restart.\n` +
      '# A rule without a request is of an attribute, or other rules refer to it, or Wattle has no such operation.\n',
  );
  for (const [rule, check] of Object.entries(policy.rules)) {
    const requests = routes.filter(({ rule: asked }) => namesOf(asked).includes(rule)).map(requestOf);
    process.stdout.write(`\n${[...new Set(requests)].join('')}#${JSON.stringify(rule)}: ${JSON.stringify(check)}\n`);
  }
  return 0;
};

function namesOf(rule: Route<never>['rule']): readonly string[] {
  if (typeof rule === 'string') return [rule];
  return rule !== undefined && 'checkedInHandler' in rule ? rule.checkedInHandler : [];
}

const requestOf = ({ method, path, action }: Route<never>): string =>
  `# ${method.toUpperCase()} ${path}${action === undefined ? '' : ` (${action})`}\n`;
