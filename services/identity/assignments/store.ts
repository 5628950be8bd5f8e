/** Who has which role where. */
import type { Knex } from 'knex';
import { absent } from '../projects/store.ts';

export interface Assignment {
  readonly actorKind: 'user' | 'group';
  readonly actorId: string;
  readonly targetKind: 'project' | 'domain' | 'system';
  /** `all` for the system. */
  readonly targetId: string;
  readonly roleId: string;
  /** Counts not there but on the projects below. */
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

/** How many there were: none or one. */
export const removeAssignment = (tx: Knex, assignment: Assignment): Promise<number> =>
  tx('assignments')
    .where({ ...assignment })
    .delete();

export const listAssignments = (db: Knex, some: Partial<Assignment>): Promise<Assignment[]> =>
  db<Assignment>('assignments')
    .where({ ...some })
    .orderBy(['actorId', 'targetId', 'roleId'])
    .select(...columns);

/** Of a user, the groups they are in, and some more groups. */
export const listAssignmentsOf = (db: Knex, userId: string, groups: readonly string[] = []): Promise<Assignment[]> =>
  db<Assignment>('assignments')
    .where({ actorKind: 'user', actorId: userId })
    .orWhere((or) =>
      or.where({ actorKind: 'group' }).whereIn('actorId', db('memberships').where({ userId }).select('groupId')),
    )
    .orWhere((or) => or.where({ actorKind: 'group' }).whereIn('actorId', groups as string[]))
    .select(...columns);

export const grantNotFound = ({ roleId }: Assignment) => absent('role assignment with role', roleId);
