import type { Knex } from 'knex';
import type { Caller } from '#shared/auth/caller.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { acquire, type Owned } from '#shared/states/owned.ts';
import { allowedBy } from '../listing/store.ts';
import { type Group, groupRows } from './resource.ts';
import { groupTransitions } from './states.ts';

/** Throws 404 for a group that the caller may not see. */
export const getGroup = (db: Knex, caller: Caller, id: string): Promise<Group> =>
  groupRows.get(db, id, allowedBy(caller, 'group:get'));

export const acquireGroup = (tx: Knex, verb: keyof typeof groupTransitions, owned: Owned): Promise<boolean> =>
  acquire<Group>(tx, 'volumeGroups', owned, groupTransitions[verb]);

/** Throws unless the group is available. It cannot be deleted or snapshotted until the transaction ends. */
export async function lockAvailable(tx: Knex, id: string, verb: string): Promise<Group> {
  const now = await groupRows.lock(tx, id);
  if (now?.status === 'available') return now;
  throw badRequest(`Invalid group: Group ${id} must be available to ${verb}, it is ${now?.status ?? 'deleted'}.`);
}

export async function countGroups(db: Knex, projectId: string): Promise<number> {
  const [groups] = await db('volumeGroups').where({ projectId }).count({ count: '*' });
  return Number(groups?.count ?? 0);
}
