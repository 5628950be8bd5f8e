/** GET /v3/role_assignments: as they were made, or as they count (`effective`), with names if asked. */
import { badRequest } from '#shared/errors/fault.ts';
import type { Identity } from '../context.ts';
import { listProjects } from '../projects/store.ts';
import { actorNames } from './actor-names.ts';
import { asDirect, expandAssignments, projectsBelow } from './expand.ts';
import { type Assignment, listAssignments } from './store.ts';
import { assignmentView } from './view.ts';

type Query = Readonly<Record<string, string>>;

/** `effective` and `include_names` count by being there, unless they are 0 or false. */
const isOn = (query: Query, key: string): boolean =>
  key in query && !['0', 'false'].includes((query[key] ?? '').toLowerCase());

export async function queryAssignments(
  identity: Identity,
  query: Query,
  base: string,
  onlyDomain: string | null,
): Promise<unknown[]> {
  const effective = isOn(query, 'effective');
  if (effective && query['group.id'])
    throw badRequest('Combining effective and group filter will always result in an empty list.');
  const given = (await listAssignments(identity.db, wanted(query, effective))).filter(
    await insideOf(identity, onlyDomain),
  );
  const places = await placesOf(identity, query);
  const found = effective
    ? await expandAssignments(identity, given, { places, user: query['user.id'] })
    : given.filter(({ targetId }) => places?.has(targetId) ?? true).map(asDirect);
  const names = isOn(query, 'include_names') ? actorNames(identity) : undefined;
  return inOrder(found.filter(fits(query)), (each) => assignmentView(identity, each, names, base));
}

/** One after the other: each may ask the database. */
async function inOrder<A, B>(items: readonly A[], each: (item: A) => Promise<B>): Promise<B[]> {
  const out: B[] = [];
  for (const item of items) out.push(await each(item));
  return out;
}

/** What the rows themselves can answer; who is in a group and what a role implies is looked at after. */
function wanted(query: Query, effective: boolean): Partial<Assignment> {
  return {
    ...('scope.system' in query ? { targetKind: 'system' as const } : {}),
    ...(query['group.id'] ? { actorKind: 'group', actorId: query['group.id'] } : {}),
    ...(!effective && query['user.id'] ? { actorKind: 'user', actorId: query['user.id'] } : {}),
    ...(!effective && query['role.id'] ? { roleId: query['role.id'] } : {}),
    ...(query['scope.OS-INHERIT:inherited_to'] ? { inherited: true } : {}),
  };
}

type Fits = (assignment: Assignment) => boolean;

/** For a domain's token: what is given on the domain and on its projects. */
async function insideOf({ db }: Identity, domainId: string | null): Promise<Fits> {
  if (domainId === null) return () => true;
  const projects = new Set((await listProjects(db, { domain_id: [domainId] }, false)).map(({ id }) => id));
  return ({ targetId }) => targetId === domainId || projects.has(targetId);
}

/** The scope that is asked for, or also what is below it; undefined for everywhere. */
async function placesOf({ db }: Identity, query: Query): Promise<ReadonlySet<string> | undefined> {
  const scope = query['scope.project.id'] ?? query['scope.domain.id'];
  if (scope === undefined) return undefined;
  return new Set([scope, ...(isOn(query, 'include_subtree') ? (await projectsBelow(db))(scope) : [])]);
}

const fits =
  (query: Query): Fits =>
  ({ actorId, roleId }) =>
    (query['role.id'] ?? roleId) === roleId && (query['user.id'] ?? actorId) === actorId;
