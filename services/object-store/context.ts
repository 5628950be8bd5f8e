/** What every handler works with. */
import type { ValuesOf } from '#shared/config/settings.ts';
import type { Log } from '#shared/log/log.ts';
import type { Reach } from '#shared/ring/reach.ts';
import type { Ring } from '#shared/ring/ring.ts';
import type { section } from './config.ts';

export interface ObjectStore {
  readonly ring: Ring;
  readonly reach: Reach;
  readonly settings: ValuesOf<typeof section>;
  readonly log: Log;
}
