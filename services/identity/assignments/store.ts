/** Role assignments. */
import type { Knex } from 'knex';
import { couldNotFind } from '../projects/store.ts';

export interface Assignment {
  readonly actorKind: 'user' | 'group';
  readonly actorId: string;
  readonly targetKind: 'project' | 'domain' | 'system';
  /** `all` for system scope. */
  readonly targetId: string;
  readonly roleId: string;
  /** Effective on the projects below the target, not on the target. */
  readonly inherited: boolean;
}

const columns = ['actorKind', 'actorId', 'targetKind', 'targetId', 'roleId', 'inherited'] as const;
const key: string[] = [...columns];

export const hasAssignment = async (db: Knex, assignment: Assignment): Promise<boolean> =>
  (await db('assignments')
    .where({ ...assignment })
    .first('roleId')) !== undefined;

export async function ensureAssignment(tx: Knex, assignment: Assignment): Promise<void> {
  await tx('assignments').insert(assignment).onConflict(key).ignore();
}

/** Resolves with the number of deleted rows, 0 or 1. */
export const removeAssignment = (tx: Knex, assignment: Assignment): Promise<number> =>
  tx('assignments')
    .where({ ...assignment })
    .delete();

export const listAssignments = (db: Knex, filter: Partial<Assignment>): Promise<Assignment[]> =>
  db<Assignment>('assignments')
    .where({ ...filter })
    .orderBy(['actorId', 'targetId', 'roleId'])
    .select(...columns);

/** Assignments of a user, of their groups, and of the given groups. */
export const listAssignmentsOf = (db: Knex, userId: string, groups: readonly string[] = []): Promise<Assignment[]> =>
  db<Assignment>('assignments')
    .where({ actorKind: 'user', actorId: userId })
    .orWhere((or) =>
      or.where({ actorKind: 'group' }).whereIn('actorId', db('memberships').where({ userId }).select('groupId')),
    )
    .orWhere((or) => or.where({ actorKind: 'group' }).whereIn('actorId', groups as string[]))
    .select(...columns);

export const grantNotFound = ({ roleId }: Assignment) => couldNotFind('role assignment with role', roleId);
