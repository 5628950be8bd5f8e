/** GET /v3/role_assignments: assignments as granted, or the effective ones (`effective`), with names on request. */
import { badRequest } from '#shared/errors/fault.ts';
import type { Identity } from '../context.ts';
import { isPublicId } from '../directories/public-id.ts';
import { openTargets } from '../projects/store.ts';
import { actorNames } from './actor-names.ts';
import { asDirect, expandAssignments } from './expand.ts';
import { type Assignment, listAssignments, type Narrowing } from './store.ts';
import { assignmentView } from './view.ts';

type Query = Readonly<Record<string, string>>;

/** The query keys `effective` and `include_names` are true without a value, false for 0 and false. */
const isOn = (query: Query, key: string): boolean =>
  key in query && !['0', 'false'].includes((query[key] ?? '').toLowerCase());

export async function queryAssignments(
  identity: Identity,
  query: Query,
  base: string,
  tokenDomain: string | null,
): Promise<unknown[]> {
  const { db } = identity;
  const effective = isOn(query, 'effective');
  if (effective && query['group.id'])
    throw badRequest('Combining effective and group filter will always result in an empty list.');
  const scope = query['scope.project.id'] ?? query['scope.domain.id'];
  const targets = scope === undefined ? undefined : await openTargets(db, scope, isOn(query, 'include_subtree'));
  const granted = await listAssignments(db, storeFilter(query, effective), {
    ...(tokenDomain === null ? {} : { domainId: tokenDomain }),
    ...(targets ? { targets: effective ? [...targets.ids, ...targets.above] : targets.ids } : {}),
    ...(effective ? reachedBy(query['user.id']) : {}),
  });
  const found = effective
    ? await expandAssignments(identity, granted, { targets, user: query['user.id'] })
    : granted.map(asDirect);
  const names = isOn(query, 'include_names') ? actorNames(identity) : undefined;
  return mapInSequence(found.filter(matchesQuery(query)), (each) => assignmentView(identity, each, names, base));
}

/** In sequence: each call may query the database. */
async function mapInSequence<A, B>(items: readonly A[], each: (item: A) => Promise<B>): Promise<B[]> {
  const out: B[] = [];
  for (const item of items) out.push(await each(item));
  return out;
}

/** Only the directory knows the groups of an LDAP user. */
const reachedBy = (user: string | undefined): Narrowing => (user && !isPublicId(user) ? { userOrGroups: user } : {});

/** The filters that the table can apply; group members and implied roles are evaluated afterwards. */
function storeFilter(query: Query, effective: boolean): Partial<Assignment> {
  return {
    ...('scope.system' in query ? { targetKind: 'system' as const, targetId: 'all' } : {}),
    ...(query['group.id'] ? { actorKind: 'group', actorId: query['group.id'] } : {}),
    ...(!effective && query['user.id'] ? { actorKind: 'user', actorId: query['user.id'] } : {}),
    ...(!effective && query['role.id'] ? { roleId: query['role.id'] } : {}),
    ...(query['scope.OS-INHERIT:inherited_to'] ? { inherited: true } : {}),
  };
}

const matchesQuery =
  (query: Query) =>
  ({ actorId, roleId }: Assignment): boolean =>
    (query['role.id'] ?? roleId) === roleId && (query['user.id'] ?? actorId) === actorId;
