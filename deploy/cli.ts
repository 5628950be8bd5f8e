/** The commands of the wattle command line. Each is a file of commands/, loaded when it is called. */
import { parseArgs } from 'node:util';
import { BadSettings } from '#shared/config/settings.ts';
import { type Command, options as known, type Options, Refusal } from './command.ts';

interface Entry {
  /** Arguments and options, as the help shows them. */
  readonly usage: string;
  readonly meaning: string;
  readonly options?: readonly (keyof typeof known)[];
  /** The largest number of arguments; 0 unless set. */
  readonly maxArgs?: number;
  readonly load: () => Promise<{ command: Command }>;
}

const nodeOptions = ['role', 'name', 'address', 'storage-address', 'tunnel-address', 'external', 'disk'] as const;

/** By name; a name of two words is a subcommand. */
const commands: Readonly<Record<string, Entry>> = {
  start: {
    usage: '[--foreground] [--split] [--role ROLE,...]',
    meaning: 'install what is missing and start the cloud',
    options: ['foreground', 'split', 'role'],
    load: () => import('./commands/start.ts'),
  },
  stop: {
    usage: '',
    meaning: 'stop the processes of Wattle; guests, networks and volumes keep running',
    load: () => import('./commands/stop.ts'),
  },
  down: {
    usage: '',
    meaning: 'stop Wattle, power off its guests, and remove its interfaces, namespaces and exports from this host',
    load: () => import('./commands/down.ts'),
  },
  purge: {
    usage: '--yes',
    meaning: 'down, then delete all data of the cloud',
    options: ['yes'],
    load: () => import('./commands/purge.ts'),
  },
  status: {
    usage: '',
    meaning: 'list running processes and whether each API responds',
    load: () => import('./commands/status.ts'),
  },
  ring: {
    usage: '',
    meaning:
      'list the devices of the object ring with their data and repair; says whether storage hosts may be lost now',
    load: () => import('./commands/ring.ts'),
  },
  doctor: {
    usage: '',
    meaning: 'check this machine: packages, KVM, disk, ports; prints each problem with its fix',
    load: () => import('./commands/doctor.ts'),
  },
  sample: {
    usage: '',
    meaning: 'print a wattle.yaml with every setting, its default and its meaning',
    load: () => import('./commands/sample.ts'),
  },
  policy: {
    usage: 'SERVICE',
    meaning: 'print the policy rules of a service with their defaults, and the requests that ask them',
    maxArgs: 1,
    load: () => import('./commands/policy.ts'),
  },
  keys: {
    usage: '[list] | rotate [tokens|credentials]',
    meaning: 'list the keys that sign tokens, or rotate keys',
    maxArgs: 2,
    load: () => import('./commands/keys.ts'),
  },
  'identity import-users': {
    usage: 'FILE [--dry-run]',
    meaning: 'import users of another Keystone with their password hashes',
    options: ['dry-run'],
    maxArgs: 1,
    load: () => import('./commands/import-users.ts'),
  },
  'identity ldap-check': {
    usage: 'DOMAIN [USER] [--file OPTIONS]',
    meaning: 'check the LDAP configuration of a domain, or the options in a file',
    options: ['file'],
    maxArgs: 2,
    load: () => import('./commands/ldap-check.ts'),
  },
  init: {
    usage:
      '[--role management,...] [--name NAME] [--address ADDRESS] [--storage-address ADDRESS] [--tunnel-address ADDRESS] [--virtual-address ADDRESS] [--external NIC] [--disk DIRECTORY] [--settings FILE] [--no-start] [--yes]',
    meaning: 'make this host the first node of a cloud on several machines; without --yes: print the plan and ask',
    options: [...nodeOptions, 'virtual-address', 'settings', 'no-start', 'yes'],
    load: () => import('./commands/init.ts'),
  },
  join: {
    usage:
      '[TOKEN | -] [--token-file FILE] --role ROLE,... [--name NAME] [--address ADDRESS] [--storage-address ADDRESS] [--tunnel-address ADDRESS] [--external NIC] [--disk DIRECTORY] [--replaces NODE] [--no-start] [--yes]',
    meaning:
      'make this host a node of a cloud, with a token from a management node; - reads the token from standard input, which keeps it out of the list of processes; without --yes: print the plan and ask',
    options: [...nodeOptions, 'token-file', 'replaces', 'no-start', 'yes'],
    maxArgs: 1,
    load: () => import('./commands/join.ts'),
  },
  plan: {
    usage:
      '--role ROLE,... [--first] [--name NAME] [--address ADDRESS] [--storage-address ADDRESS] [--tunnel-address ADDRESS] [--external NIC] [--disk DIRECTORY]',
    meaning: 'print what init (--first) or join would choose and install on this host, and why; changes nothing',
    options: [...nodeOptions, 'first'],
    load: () => import('./commands/plan.ts'),
  },
  'token create': {
    usage: '--role ROLE,... [--ttl 1h] [--uses 1]',
    meaning: 'print a token with which a host may join with these roles; on a management node',
    options: ['role', 'ttl', 'uses'],
    load: () => import('./commands/token.ts'),
  },
  'node list': {
    usage: '',
    meaning: 'list the nodes of the cloud: roles, state, version, uptime, disks; on a management node',
    load: () => import('./commands/node-list.ts'),
  },
  'node show': {
    usage: 'NODE',
    meaning: 'print a node with its addresses, disks, and the servers, volumes, routers and objects on it',
    maxArgs: 1,
    load: () => import('./commands/node-show.ts'),
  },
  'node drain': {
    usage: 'NODE [--undo]',
    meaning: 'give a node nothing new, and print what still runs there; --undo: use it again',
    options: ['undo'],
    maxArgs: 1,
    load: () => import('./commands/node-drain.ts'),
  },
  'node remove': {
    usage: 'NODE --yes [--force]',
    meaning:
      'end the membership of a node that has nothing of value; --force: also when it is lost for good with all that it had',
    options: ['yes', 'force'],
    maxArgs: 1,
    load: () => import('./commands/node-remove.ts'),
  },
  'node replace': {
    usage: 'NODE [--ttl 1h]',
    meaning: 'print the command with which a new host takes the roles and the place of a node that is down',
    options: ['ttl'],
    maxArgs: 1,
    load: () => import('./commands/node-replace.ts'),
  },
  'ring plan': {
    usage: '[--force]',
    meaning: 'count and explain the moves of replicas that wattle ring rebalance would make now; changes nothing',
    options: ['force'],
    load: () => import('./commands/ring-plan.ts'),
  },
  'ring rebalance': {
    usage: '[--yes] [--force]',
    meaning:
      'move replicas to the devices that should have them, at most one of a partition; again when these are in place; --force: also when one of a partition was moved lately',
    options: ['yes', 'force'],
    load: () => import('./commands/ring-rebalance.ts'),
  },
  'ring add': {
    usage: '"ZONE-HOST:PORT/DIRECTORY [WEIGHT]"',
    meaning: 'add a device to the object ring',
    maxArgs: 1,
    load: () => import('./commands/ring-add.ts'),
  },
  'ring remove': {
    usage: 'DEVICE [--force --yes]',
    meaning:
      'remove a device that has no replicas; --force: a disk that is lost, whose replicas are made again elsewhere',
    options: ['force', 'yes'],
    maxArgs: 1,
    load: () => import('./commands/ring-remove.ts'),
  },
  'ring weight': {
    usage: 'DEVICE WEIGHT',
    meaning: 'change the share of a device; with 0 its data moves away at the next rebalance',
    maxArgs: 2,
    load: () => import('./commands/ring-weight.ts'),
  },
  backup: {
    usage: '[DIRECTORY] --passphrase-file FILE [--container NAME]',
    meaning:
      'write databases, secrets, ring and settings to one encrypted file, in a directory or in the object store of the cloud whose openrc was sourced',
    options: ['passphrase-file', 'container'],
    maxArgs: 1,
    load: () => import('./commands/backup.ts'),
  },
  restore: {
    usage: 'FILE --passphrase-file FILE [--container NAME] [--replace] | --report | --accept',
    meaning:
      'make the cloud of a backup here; then compare it with what runs (--report), and end the hold in which nothing is removed (--accept)',
    options: ['passphrase-file', 'container', 'replace', 'report', 'accept'],
    maxArgs: 1,
    load: () => import('./commands/restore.ts'),
  },
  'role-users': {
    usage: 'HOST ...',
    meaning: 'write the database and broker users of services and of the agents of these hosts, as files to import',
    maxArgs: Number.POSITIVE_INFINITY,
    load: () => import('./commands/role-users.ts'),
  },
  'guest-image': {
    usage: '[FILE]',
    meaning: 'build a small guest image from Debian packages',
    maxArgs: 1,
    load: () => import('./commands/guest-image.ts'),
  },
};

/** Runs one command; returns its exit code. */
export async function wattle(argv: readonly string[]): Promise<number> {
  const name = nameIn(argv);
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!entry) return help(argv);
  const rest = argv.slice(name.split(' ').length);
  if (rest.some(isHelp)) return print(usageOf(name, entry));
  try {
    const options = optionsOf(name, entry, rest);
    const { command } = await entry.load();
    return await command(options);
  } catch (error) {
    if (!(error instanceof Refusal || error instanceof BadSettings)) throw error;
    process.stderr.write(`wattle ${name}: ${error.message}\n`);
    return 1;
  }
}

function nameIn([first = 'help', second = '']: readonly string[]): string {
  const subcommand = `${first} ${second}`;
  return Object.hasOwn(commands, subcommand) ? subcommand : first;
}

/** Refuses options of other commands, and arguments beyond those that the command takes. */
function optionsOf(name: string, entry: Entry, args: readonly string[]): Options {
  const { values, positionals } = parsed(name, entry, args);
  if (positionals.length > (entry.maxArgs ?? 0))
    throw new Refusal(`unexpected argument ${positionals.at(-1)}; usage: ${commandLine(name, entry)}`);
  const roles = (values.role ?? []).flatMap((role) => role.split(/[,:]/)).filter(Boolean);
  const { foreground = false, split = false, yes = false, 'dry-run': dryRun = false, file } = values;
  return { foreground, split, yes, dryRun, file, roles, args: positionals, given: values };
}

function parsed(name: string, entry: Entry, args: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: known });
    const foreign = Object.keys(values).find((option) => !entry.options?.some((own) => own === option));
    if (foreign !== undefined) throw new Refusal(unknownOption(name, entry, `--${foreign}`));
    return { values, positionals };
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION')
      throw new Refusal(unknownOption(name, entry, /'(-[^']*)'/.exec(message)?.[1] ?? ''), { cause });
    if (code?.startsWith('ERR_PARSE_ARGS')) throw new Refusal(message, { cause });
    throw cause;
  }
}

function unknownOption(name: string, { options = [] }: Entry, option: string): string {
  const own = options.length > 0 ? options.map((each) => `--${each}`).join(', ') : 'no options';
  return `unknown option ${option}; wattle ${name} takes ${own}`;
}

const isHelp = (arg: string) => arg === '--help' || arg === '-h';
const commandLine = (name: string, { usage }: Entry) => `wattle ${name} ${usage}`.trimEnd();
const usageOf = (name: string, entry: Entry) => `  ${commandLine(name, entry)}\n      ${entry.meaning}\n`;

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

/** All commands, or those that begin with the word given; 2 when there is no such command. */
function help([name = 'help']: readonly string[]): number {
  const all = Object.entries(commands);
  const subcommands = all.filter(([each]) => each.startsWith(`${name} `));
  const usages = (subcommands.length > 0 ? subcommands : all).map(([each, entry]) => usageOf(each, entry)).join('');
  if (name === 'help' || isHelp(name)) return print(usages);
  process.stderr.write(`wattle ${name}: ${subcommands.length > 0 ? 'which of these?' : 'no such command'}\n${usages}`);
  return 2;
}
