import type { Knex } from 'knex';
import type { Log } from '#shared/log/log.ts';
import type { Config } from './config.ts';
import type { Downloads } from './drivers/downloads.ts';
import type { Stores } from './drivers/stores.ts';

/** The dependencies of this service's functions. */
export interface Images {
  readonly db: Knex;
  readonly stores: Stores;
  readonly config: Config;
  readonly log: Log;
  readonly downloads: Downloads;
  /** Starts tasks that were enqueued. */
  readonly wakeTasks: () => void;
}
