/** Effective role assignments: inherited ones per project, those of groups per member, with implied roles. */
import type { Identity } from '../context.ts';
import { directoryOf, ldapDomainOf } from '../directories/users-and-groups.ts';
import { listMemberIds } from '../groups/store.ts';
import { openTree, type Targets } from '../projects/store.ts';
import { isGlobal } from '../roles/resource.ts';
import { type Implication, listAllRoles, listImplications } from '../roles/store.ts';
import { withImplied } from './effective.ts';
import type { Assignment } from './store.ts';

/** An effective assignment; `source` is the grant that it comes from. */
export interface EffectiveAssignment extends Assignment {
  readonly source: Assignment;
  /** The role that implies this one, for an implied role. */
  readonly priorId?: string;
}

export const asDirect = (source: Assignment): EffectiveAssignment => ({ ...source, source });

/** Assignments that reach a role by several ways are listed once for each. */
export async function expandAssignments(
  identity: Identity,
  grants: readonly Assignment[],
  { targets, user }: { readonly targets: Targets | undefined; readonly user: string | undefined },
): Promise<EffectiveAssignment[]> {
  const expanded = await expandInherited(identity, grants, targets);
  const perUser = await expandGroups(identity, expanded, user);
  const implications = await listImplications(identity.db);
  const globalRoleIds = new Set((await listAllRoles(identity.db)).filter(isGlobal).map(({ id }) => id));
  return perUser.flatMap((each) => expandImplied(each, implications)).filter(({ roleId }) => globalRoleIds.has(roleId));
}

/** An inherited assignment is effective on each project below its target, not on the target. */
async function expandInherited(
  { db }: Identity,
  grants: readonly Assignment[],
  targets: Targets | undefined,
): Promise<EffectiveAssignment[]> {
  const inherited = grants.filter((each) => each.inherited).map(({ targetId }) => targetId);
  const below = targets?.idsBelow ?? (await openTree(db, inherited));
  return grants.flatMap((each): EffectiveAssignment[] => {
    if (!each.inherited) return targets?.ids.includes(each.targetId) === false ? [] : [asDirect(each)];
    return below(each.targetId).map((targetId) => ({ ...each, targetKind: 'project', targetId, source: each }));
  });
}

/** Asks for the members of each group once. */
async function expandGroups(
  identity: Identity,
  expanded: readonly EffectiveAssignment[],
  user: string | undefined,
): Promise<EffectiveAssignment[]> {
  const members = new Map<string, readonly string[]>();
  for (const { actorKind, actorId } of expanded)
    if (actorKind === 'group' && !members.has(actorId))
      members.set(actorId, await listMembersOf(identity, actorId, user));
  return expanded.flatMap((each): EffectiveAssignment[] => {
    if (each.actorKind === 'user') return [each];
    return (members.get(each.actorId) ?? []).map((actorId) => ({ ...each, actorKind: 'user', actorId }));
  });
}

/** For a group of an LDAP directory and a given user, only the membership of that user is asked for. */
async function listMembersOf(identity: Identity, groupId: string, user: string | undefined): Promise<string[]> {
  const ldapDomain = await ldapDomainOf(identity, groupId);
  if (!ldapDomain) return listMemberIds(identity.db, groupId);
  const directory = directoryOf(identity, ldapDomain);
  if (user === undefined) return (await directory.listMembersOf(groupId, {})).map(({ id }) => id);
  const isSameDomain = (await ldapDomainOf(identity, user)) === ldapDomain;
  return isSameDomain && (await directory.isMember(groupId, user)) ? [user] : [];
}

function expandImplied(each: EffectiveAssignment, implications: readonly Implication[]): EffectiveAssignment[] {
  const reached = new Set(withImplied([each.roleId], implications));
  const implied = implications.filter(({ priorId }) => reached.has(priorId));
  return [each, ...implied.map(({ priorId, impliedId }) => ({ ...each, roleId: impliedId, priorId }))];
}
