import { readFile } from 'node:fs/promises';
import type { ImportPlan } from '../../services/identity/users/import.ts';
import { type Command, type Options, Refusal } from '../command.ts';
import { findHome, type Home } from '../settings.ts';

interface Verb {
  readonly usage: string;
  readonly run: (home: Home, words: readonly string[], options: Options) => Promise<number>;
}

const verbs: Readonly<Record<string, Verb>> = {
  'ldap-check': {
    usage: 'ldap-check DOMAIN [USER] [--file OPTIONS]',
    run: async (...asked) => (await import('./ldap-check.ts')).ldapCheck(...asked),
  },
  'import-users': { usage: 'import-users FILE [--dry-run]', run: importUsers },
};

/** `wattle identity VERB …`: what is done to identity's own rows, beside the running cloud or without it. */
export const command: Command = async (options) => {
  const [name = '', ...words] = options.words;
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (!verb)
    throw new Refusal(
      Object.values(verbs)
        .map(({ usage }) => `wattle identity ${usage}`)
        .join(', or '),
    );
  const home = await findHome();
  if (!home) throw new Refusal('no cloud was ever started here: npm start');
  return verb.run(home, words, options);
};

async function importUsers({ settings }: Home, [file]: readonly string[], { dryRun }: Options): Promise<number> {
  if (file === undefined) throw new Refusal('wattle identity import-users FILE: the README says how to make one');
  const content = await readFile(file, 'utf8').catch((error: Error) => {
    throw new Refusal(error.message);
  });
  const { openUserImport } = await import('../../services/identity/users/import.ts');
  const users = openUserImport(settings);
  try {
    const plan = await users.plan(content);
    if (plan.problems.length > 0) throw new Refusal(`nothing was changed:\n  ${plan.problems.join('\n  ')}`);
    if (dryRun) show(plan);
    else await users.run(plan);
    const [made, kept] = [plan.fresh.length, plan.known.length];
    process.stdout.write(
      `${made} users ${dryRun ? 'would be' : 'were'} made; ${kept} are here already, and stay as they are.\n`,
    );
  } finally {
    await users.close();
  }
  return 0;
}

function show({ fresh, known }: ImportPlan): void {
  for (const { name, domainId, enabled } of fresh)
    process.stdout.write(`+ ${name} in ${domainId}${enabled ? '' : ', disabled'}\n`);
  for (const { name, domainId } of known) process.stdout.write(`= ${name} in ${domainId}\n`);
}
