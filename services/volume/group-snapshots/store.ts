import type { Knex } from 'knex';
import type { Caller } from '#shared/auth/caller.ts';
import { acquire, type Owned, type Transition } from '#shared/states/owned.ts';
import { allowedBy } from '../listing/store.ts';
import { type GroupSnapshot, groupSnapshotRows } from './resource.ts';

/** Throws 404 for a group snapshot that the caller may not see. */
export const getGroupSnapshot = (db: Knex, caller: Caller, id: string): Promise<GroupSnapshot> =>
  groupSnapshotRows.get(db, id, allowedBy(caller, 'group:get_group_snapshot'));

const deletion: Transition<GroupSnapshot> = {
  from: { status: ['available', 'error', 'error_deleting'] },
  meanwhile: { status: 'deleting' },
};

export const acquireGroupSnapshot = (tx: Knex, owned: Owned): Promise<boolean> =>
  acquire<GroupSnapshot>(tx, 'groupSnapshots', owned, deletion);
