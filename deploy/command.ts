/** What every command of the wattle command line is made of. */
import type { ParseArgsConfig } from 'node:util';

/** All options there are; each command accepts those that its entry in cli.ts names. */
export const options = {
  foreground: { type: 'boolean' },
  split: { type: 'boolean' },
  role: { type: 'string', multiple: true },
  yes: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  file: { type: 'string' },
  name: { type: 'string' },
  address: { type: 'string' },
  'storage-address': { type: 'string' },
  'tunnel-address': { type: 'string' },
  'virtual-address': { type: 'string' },
  external: { type: 'string' },
  disk: { type: 'string' },
  settings: { type: 'string' },
  'token-file': { type: 'string' },
  replaces: { type: 'string' },
  ttl: { type: 'string' },
  uses: { type: 'string' },
  first: { type: 'boolean' },
  force: { type: 'boolean' },
  'no-start': { type: 'boolean' },
  undo: { type: 'boolean' },
  'passphrase-file': { type: 'string' },
  container: { type: 'string' },
  replace: { type: 'boolean' },
  report: { type: 'boolean' },
  accept: { type: 'boolean' },
} as const satisfies ParseArgsConfig['options'];

export interface Options {
  /** Stay in the foreground, for systemd. */
  readonly foreground: boolean;
  /** One process per role, on a private MariaDB and RabbitMQ. */
  readonly split: boolean;
  readonly roles: readonly string[];
  /** Confirms what cannot be undone. */
  readonly yes: boolean;
  /** Print what would change, and change nothing. */
  readonly dryRun: boolean;
  /** The input file. */
  readonly file: string | undefined;
  /** The positional arguments. */
  readonly args: readonly string[];
  /** All options with a text, and flags, by name: for commands with options of their own. */
  readonly given: Given;
}

type Given = {
  readonly [Name in keyof typeof options]?: (typeof options)[Name]['type'] extends 'boolean'
    ? boolean
    : string | string[];
};

/** The text of an option; undefined when it was not given. */
export function textOption({ given }: Options, name: keyof typeof options): string | undefined {
  const value = given[name];
  return typeof value === 'string' ? value : undefined;
}

/** Returns the exit code. */
export type Command = (options: Options) => Promise<number>;

/** An error that the user of the command can act on: printed without a stack. */
export class Refusal extends Error {}
