import type { Knex } from 'knex';
import type { Caller } from '#shared/auth/caller.ts';
import { acquire, type Owned } from '#shared/states/owned.ts';
import { allowedBy } from '../listing/store.ts';
import { type Snapshot, snapshotRows } from './resource.ts';
import { snapshotTransitions } from './states.ts';

/** Throws 404 for a snapshot that the caller may not see. */
export const getSnapshot = (db: Knex, caller: Caller, id: string): Promise<Snapshot> =>
  snapshotRows.get(db, id, allowedBy(caller, 'volume:get_snapshot'));

export const acquireSnapshot = (tx: Knex, verb: keyof typeof snapshotTransitions, owned: Owned): Promise<boolean> =>
  acquire<Snapshot>(tx, 'snapshots', owned, snapshotTransitions[verb]);
