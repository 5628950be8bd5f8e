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
}

/** Returns the exit code. */
export type Command = (options: Options) => Promise<number>;

/** An error that the user of the command can act on: printed without a stack. */
export class Refusal extends Error {}
