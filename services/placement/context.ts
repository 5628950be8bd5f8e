import type { Knex } from 'knex';
import type { Log } from '#shared/log/log.ts';
import type { Config } from './config.ts';

/** The dependencies of this service's functions. */
export interface Placement {
  readonly db: Knex;
  readonly config: Config;
  readonly log: Log;
}
