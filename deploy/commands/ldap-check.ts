import { readFileSync } from 'node:fs';
import { checkDirectory } from '../../services/identity/directories/check/check.ts';
import { type Options, Refusal } from '../command.ts';
import type { Home } from '../settings.ts';

const marks = { heading: '\n', fact: '    ', note: '  ! ', problem: '  X ' } as const;

/**
 * `wattle identity ldap-check DOMAIN [USER] [--file OPTIONS]`: 1 when something is wrong. The file holds a domain's
 * configuration in JSON or YAML, as one would set it.
 */
export async function ldapCheck({ settings }: Home, words: readonly string[], { file }: Options): Promise<number> {
  const [domain, user] = words;
  if (domain === undefined) throw new Refusal('wattle identity ldap-check DOMAIN: whose directory?');
  const proposed = file === undefined ? undefined : await readOptions(file);
  const findings = await checkDirectory(settings, { domain, user, proposed });
  for (const { kind, text, help } of findings)
    process.stdout.write(`${marks[kind]}${text}${help ? `\n      -> ${help}` : ''}\n`);
  const problems = findings.filter(({ kind }) => kind === 'problem').length;
  process.stdout.write(problems === 0 ? '\nnothing is wrong\n' : `\n${problems} to mend, marked X\n`);
  return problems === 0 ? 0 : 1;
}

async function readOptions(file: string): Promise<unknown> {
  const { parseYaml } = await import('#shared/config/yaml.ts');
  try {
    return parseYaml(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Refusal(`${file}: ${(error as Error).message}`);
  }
}
