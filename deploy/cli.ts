/** The words of the wattle command. Each is a file of commands/, loaded when it is asked for. */
import { parseArgs } from 'node:util';
import { BadSettings } from '#shared/config/settings.ts';
import { type Command, type Options, Refusal } from './command.ts';

interface Entry {
  readonly meaning: string;
  readonly load: () => Promise<{ command: Command }>;
}

const commands: Readonly<Record<string, Entry>> = {
  start: {
    meaning: 'set up what is missing and start the cloud; [--foreground] [--split] [--role a,b]',
    load: () => import('./commands/start.ts'),
  },
  stop: { meaning: 'stop Wattle; guests, networks and volumes go on', load: () => import('./commands/stop.ts') },
  down: { meaning: 'stop Wattle, its guests, networks and volumes', load: () => import('./commands/down.ts') },
  purge: { meaning: 'down, and forget everything; --yes', load: () => import('./commands/purge.ts') },
  status: { meaning: 'what runs, and whether it answers', load: () => import('./commands/status.ts') },
  doctor: { meaning: 'what this machine has, and what is wrong', load: () => import('./commands/doctor.ts') },
  sample: { meaning: 'print a wattle.yaml with every setting', load: () => import('./commands/sample.ts') },
  keys: {
    meaning: 'the keys that sign tokens; rotate [tokens|credentials]',
    load: () => import('./commands/keys.ts'),
  },
  identity: {
    meaning: 'import-users FILE [--dry-run], of another Keystone; ldap-check DOMAIN [USER] [--file OPTIONS]',
    load: () => import('./commands/identity.ts'),
  },
  'role-users': {
    meaning: 'users of database and broker for each role and these hosts, as files to import; HOST ...',
    load: () => import('./commands/role-users.ts'),
  },
  'guest-image': {
    meaning: 'build a small guest from Debian packages; [FILE]',
    load: () => import('./commands/guest-image.ts'),
  },
};

export async function wattle(args: readonly string[]): Promise<number> {
  const [name = 'help', ...rest] = args;
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!entry) return help(name);
  try {
    const { command } = await entry.load();
    return await command(optionsOf(rest));
  } catch (error) {
    if (!(error instanceof Refusal || error instanceof BadSettings || isUsage(error))) throw error;
    process.stderr.write(`wattle ${name}: ${error.message}\n`);
    return 1;
  }
}

const isUsage = (error: unknown): error is Error =>
  String((error as { code?: string }).code).startsWith('ERR_PARSE_ARGS');

function optionsOf(args: string[]): Options {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      foreground: { type: 'boolean', default: false },
      split: { type: 'boolean', default: false },
      yes: { type: 'boolean', default: false },
      'dry-run': { type: 'boolean', default: false },
      file: { type: 'string' },
      role: { type: 'string', multiple: true, default: [] },
    },
  });
  const roles = values.role.flatMap((word) => word.split(/[,:]/)).filter(Boolean);
  const { foreground, split, yes, 'dry-run': dryRun, file } = values;
  return { foreground, split, yes, dryRun, file, roles, words: positionals };
}

function help(name: string): number {
  const lines = Object.entries(commands).map(([word, { meaning }]) => `  wattle ${word.padEnd(12)} ${meaning}\n`);
  const known = ['help', '--help', '-h'].includes(name);
  (known ? process.stdout : process.stderr).write(
    `${known ? '' : `wattle ${name}: no such command\n`}${lines.join('')}`,
  );
  return known ? 0 : 2;
}
