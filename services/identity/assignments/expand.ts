/** Assignments as they count: below where they are inherited, for each member of a group, and what their roles imply. */
import type { Identity } from '../context.ts';
import { directoryOf, ldapDomainOf } from '../directories/users-and-groups.ts';
import { listMemberIds } from '../groups/store.ts';
import { listProjects } from '../projects/store.ts';
import { type Implication, listAllRoles, listImplications } from '../roles/store.ts';
import { withImplied } from './effective.ts';
import type { Assignment } from './store.ts';

/** Where and for whom it counts, and the way it came: `given` is what somebody granted. */
export interface EffectiveAssignment extends Assignment {
  readonly given: Assignment;
  /** The role that implies this one. */
  readonly priorId?: string;
}

export const asDirect = (given: Assignment): EffectiveAssignment => ({ ...given, given });

/** Each way is one of its own: a role may count twice in a place. */
export async function expandAssignments(
  identity: Identity,
  given: readonly Assignment[],
  { places, user }: { readonly places: ReadonlySet<string> | undefined; readonly user: string | undefined },
): Promise<EffectiveAssignment[]> {
  const spread = await expandInherited(identity, given, places);
  const people = await expandGroups(identity, spread, user);
  const implications = await listImplications(identity.db);
  const everywhere = new Set(
    (await listAllRoles(identity.db)).filter(({ domainId }) => domainId === null).map(({ id }) => id),
  );
  return people.flatMap((each) => expandImplied(each, implications)).filter(({ roleId }) => everywhere.has(roleId));
}

/** What is inherited counts on each project below, and not where it was given. */
async function expandInherited(
  { db }: Identity,
  given: readonly Assignment[],
  places: ReadonlySet<string> | undefined,
): Promise<EffectiveAssignment[]> {
  const below = await projectsBelow(db);
  const counted = given.flatMap((each): EffectiveAssignment[] => {
    if (!each.inherited) return [asDirect(each)];
    return below(each.targetId).map((targetId) => ({ ...each, targetKind: 'project', targetId, given: each }));
  });
  return counted.filter(({ targetId }) => places === undefined || places.has(targetId));
}

/** The descendants of a project, or of a domain. */
export async function projectsBelow(db: Identity['db']): Promise<(id: string) => string[]> {
  const children = Map.groupBy(await listProjects(db, {}, false), ({ parentId }) => parentId);
  return (id) => {
    const found = [id];
    for (const at of found) found.push(...(children.get(at) ?? []).map((child) => child.id));
    return found.slice(1);
  };
}

/** A group is asked once, however much it was granted. */
async function expandGroups(
  identity: Identity,
  spread: readonly EffectiveAssignment[],
  user: string | undefined,
): Promise<EffectiveAssignment[]> {
  const members = new Map<string, readonly string[]>();
  for (const { actorKind, actorId } of spread)
    if (actorKind === 'group' && !members.has(actorId)) members.set(actorId, await membersOf(identity, actorId, user));
  return spread.flatMap((each): EffectiveAssignment[] => {
    if (each.actorKind === 'user') return [each];
    return (members.get(each.actorId) ?? []).map((actorId) => ({ ...each, actorKind: 'user', actorId }));
  });
}

/** Of a directory's group only whether the user is in it that is asked for, if one is. */
async function membersOf(identity: Identity, groupId: string, user: string | undefined): Promise<string[]> {
  const elsewhere = await ldapDomainOf(identity, groupId);
  if (!elsewhere) return listMemberIds(identity.db, groupId);
  const directory = directoryOf(identity, elsewhere);
  if (user === undefined) return (await directory.membersOf(groupId, {})).map(({ id }) => id);
  const isTheirs = (await ldapDomainOf(identity, user)) === elsewhere;
  return isTheirs && (await directory.isMember(groupId, user)) ? [user] : [];
}

function expandImplied(each: EffectiveAssignment, implications: readonly Implication[]): EffectiveAssignment[] {
  const reached = new Set(withImplied([each.roleId], implications));
  const steps = implications.filter(({ priorId }) => reached.has(priorId));
  return [each, ...steps.map(({ priorId, impliedId }) => ({ ...each, roleId: impliedId, priorId }))];
}
