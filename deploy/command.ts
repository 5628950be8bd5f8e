/** What every word of the wattle command is made of. */
export interface Options {
  /** Stay instead of going to the background: for systemd. */
  readonly foreground: boolean;
  /** One process per role, on private MariaDB and RabbitMQ. */
  readonly split: boolean;
  readonly roles: readonly string[];
  /** "I mean it", for what cannot be undone. */
  readonly yes: boolean;
  /** Say what would be done, and do nothing. */
  readonly dryRun: boolean;
  /** What to read. */
  readonly file: string | undefined;
  readonly words: readonly string[];
}

/** Gives the exit code. */
export type Command = (options: Options) => Promise<number>;

/** A sentence for the one who typed the command: printed without a stack. */
export class Refusal extends Error {}
