import { readFileSync } from 'node:fs';
import { type Command, Refusal } from '../command.ts';
import { getHome } from '../settings.ts';

const marks = { heading: '\n', fact: '    ', note: '  ! ', problem: '  X ' } as const;

/** Returns 1 when there are problems. The file holds the configuration of a domain, in JSON or YAML. */
export const command: Command = async ({ args: [domain, user], file }) => {
  if (domain === undefined) throw new Refusal('DOMAIN is missing: the name or id of a domain');
  const { settings } = await getHome();
  const proposed = file === undefined ? undefined : await readOptions(file);
  const { checkDirectory } = await import('../../services/identity/admin.ts');
  const findings = await checkDirectory(settings, { domain, user, proposed });
  for (const { kind, text, help } of findings)
    process.stdout.write(`${marks[kind]}${text}${help ? `\n      -> ${help}` : ''}\n`);
  const problems = findings.filter(({ kind }) => kind === 'problem').length;
  process.stdout.write(problems === 0 ? '\nno problems\n' : `\n${problems} problems, marked X\n`);
  return problems === 0 ? 0 : 1;
};

async function readOptions(file: string): Promise<unknown> {
  const { parseYaml } = await import('#shared/config/yaml.ts');
  try {
    return parseYaml(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Refusal(`${file}: ${(error as Error).message}`);
  }
}
