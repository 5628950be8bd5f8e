/** GET /v3/role_assignments: assignments as granted, or the effective ones (`effective`), with names on request. */
import { badRequest } from '#shared/errors/fault.ts';
import type { Identity } from '../context.ts';
import { listProjects } from '../projects/store.ts';
import { actorNames } from './actor-names.ts';
import { asDirect, expandAssignments, openProjectTree } from './expand.ts';
import { type Assignment, listAssignments } from './store.ts';
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
  const effective = isOn(query, 'effective');
  if (effective && query['group.id'])
    throw badRequest('Combining effective and group filter will always result in an empty list.');
  const granted = (await listAssignments(identity.db, storeFilter(query, effective))).filter(
    await domainPredicate(identity, tokenDomain),
  );
  const targets = await targetsOf(identity, query);
  const found = effective
    ? await expandAssignments(identity, granted, { targets, user: query['user.id'] })
    : granted.filter(({ targetId }) => targets?.has(targetId) ?? true).map(asDirect);
  const names = isOn(query, 'include_names') ? actorNames(identity) : undefined;
  return mapInSequence(found.filter(matchesQuery(query)), (each) => assignmentView(identity, each, names, base));
}

/** In sequence: each call may query the database. */
async function mapInSequence<A, B>(items: readonly A[], each: (item: A) => Promise<B>): Promise<B[]> {
  const out: B[] = [];
  for (const item of items) out.push(await each(item));
  return out;
}

/** The filters that the table can apply; group members and implied roles are evaluated afterwards. */
function storeFilter(query: Query, effective: boolean): Partial<Assignment> {
  return {
    ...('scope.system' in query ? { targetKind: 'system' as const } : {}),
    ...(query['group.id'] ? { actorKind: 'group', actorId: query['group.id'] } : {}),
    ...(!effective && query['user.id'] ? { actorKind: 'user', actorId: query['user.id'] } : {}),
    ...(!effective && query['role.id'] ? { roleId: query['role.id'] } : {}),
    ...(query['scope.OS-INHERIT:inherited_to'] ? { inherited: true } : {}),
  };
}

type Predicate = (assignment: Assignment) => boolean;

/** For a domain-scoped token: assignments on the domain and its projects. */
async function domainPredicate({ db }: Identity, domainId: string | null): Promise<Predicate> {
  if (domainId === null) return () => true;
  const projects = new Set((await listProjects(db, { domain_id: [domainId] }, false)).map(({ id }) => id));
  return ({ targetId }) => targetId === domainId || projects.has(targetId);
}

/** The requested targets, with the subtree where asked for; undefined for all. */
async function targetsOf({ db }: Identity, query: Query): Promise<ReadonlySet<string> | undefined> {
  const scope = query['scope.project.id'] ?? query['scope.domain.id'];
  if (scope === undefined) return undefined;
  return new Set([scope, ...(isOn(query, 'include_subtree') ? (await openProjectTree(db))(scope) : [])]);
}

const matchesQuery =
  (query: Query): Predicate =>
  ({ actorId, roleId }) =>
    (query['role.id'] ?? roleId) === roleId && (query['user.id'] ?? actorId) === actorId;
