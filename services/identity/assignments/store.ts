/** Role assignments. */
import type { Knex } from 'knex';

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

export interface Narrowing {
  /** Targets of a domain: itself and its projects. */
  readonly domainId?: string;
  readonly targets?: readonly string[];
  /** Grants to this user or to their groups. */
  readonly userOrGroups?: string;
}

export function listAssignments(
  db: Knex,
  filter: Partial<Assignment>,
  { domainId, targets, userOrGroups }: Narrowing = {},
): Promise<Assignment[]> {
  const query = db<Assignment>('assignments').where({ ...filter });
  if (domainId !== undefined) query.whereIn('targetId', db('projects').where({ domainId }).select('id'));
  if (targets) query.whereIn('targetId', targets as string[]);
  if (userOrGroups !== undefined) query.where((any) => reaching(db, any, userOrGroups));
  return query.orderBy(['actorId', 'targetId', 'roleId']).select(...columns);
}

type Query = Knex.QueryBuilder<Assignment>;
const reaching = (db: Knex, query: Query, userId: string) =>
  query
    .where({ actorKind: 'user', actorId: userId })
    .orWhere((or) =>
      or.where({ actorKind: 'group' }).whereIn('actorId', db('memberships').where({ userId }).select('groupId')),
    );

/** Assignments of a user, of their groups, and of the given groups. */
export function listAssignmentsOf(db: Knex, userId: string, groups: readonly string[] = []): Promise<Assignment[]> {
  const query = reaching(db, db<Assignment>('assignments'), userId);
  // an empty list is a constant, with which sqlite uses no index
  if (groups.length > 0) query.orWhere((or) => or.where({ actorKind: 'group' }).whereIn('actorId', groups as string[]));
  return query.select(...columns);
}
