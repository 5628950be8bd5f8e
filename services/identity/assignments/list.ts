/** GET /v3/role_assignments: as they were made, or as they count (`effective`), with names if asked. */
import { badRequest } from '#shared/errors/fault.ts';
import type { Identity } from '../context.ts';
import { directoryOf, domainElsewhere } from '../directories/people.ts';
import { isMember, listMemberIds } from '../groups/store.ts';
import { listProjects, lookProject } from '../projects/store.ts';
import { findRole, listAllRoles, listImplications } from '../roles/store.ts';
import { actorNames } from './actor-names.ts';
import { withImplied } from './effective.ts';
import { type Assignment, listAssignments } from './store.ts';

type Query = Readonly<Record<string, string>>;

/** `effective` and `include_names` count by being there, unless they are 0 or false. */
const isOn = (query: Query, key: string): boolean =>
  key in query && !['0', 'false'].includes((query[key] ?? '').toLowerCase());

export async function listDetailed(
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
  const found = effective ? await spread(identity, given, query) : await narrowed(identity, given, query);
  const expanded = effective ? await expand(identity, found, query['user.id']) : found;
  const kept = await inOrder(expanded, async (each) => ((await fits(identity, each, query)) ? [each] : []));
  const named = isOn(query, 'include_names') ? actorNames(identity) : undefined;
  return inOrder(kept, async (each) => [await view(identity, each, named, base)]);
}

async function inOrder<A, B>(items: readonly A[], each: (item: A) => Promise<readonly B[]>): Promise<B[]> {
  const out: B[] = [];
  for (const item of items) out.push(...(await each(item)));
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

/** As it was given: on the scope that is asked for, or also on what is below it. */
async function narrowed({ db }: Identity, given: readonly Assignment[], query: Query): Promise<Assignment[]> {
  const scope = query['scope.project.id'] ?? query['scope.domain.id'];
  if (scope === undefined) return [...given];
  const below = isOn(query, 'include_subtree') ? await projectsBelow(db, scope) : [];
  const wantedIds = new Set([scope, ...below]);
  return given.filter(({ targetId }) => wantedIds.has(targetId));
}

async function projectsBelow(db: Identity['db'], id: string): Promise<string[]> {
  const all = await listProjects(db, {}, false);
  const found = [id];
  for (const at of found) for (const project of all) if (project.parentId === at) found.push(project.id);
  return found.slice(1);
}

/** What is inherited counts on each project below, and there as if it were given. */
async function spread({ db }: Identity, given: readonly Assignment[], query: Query): Promise<Assignment[]> {
  const scope = query['scope.project.id'] ?? query['scope.domain.id'];
  const here = (targetId: string) => scope === undefined || targetId === scope;
  return inOrder(given, async (each) => {
    if (!each.inherited) return here(each.targetId) ? [each] : [];
    const below = (await projectsBelow(db, each.targetId)).filter(here);
    return below.map((targetId) => ({ ...each, targetKind: 'project' as const, targetId, inherited: false }));
  });
}

async function expand(identity: Identity, found: readonly Assignment[], user?: string): Promise<Assignment[]> {
  const { db } = identity;
  const implications = await listImplications(db);
  const perUser = await inOrder(found, async (each) => {
    if (each.actorKind === 'user') return [each];
    return (await membersOf(identity, each.actorId, user)).map((actorId) => ({
      ...each,
      actorKind: 'user' as const,
      actorId,
    }));
  });
  const everywhere = new Set((await listAllRoles(db)).filter(({ domainId }) => domainId === null).map(({ id }) => id));
  const whole = perUser.flatMap((each) =>
    withImplied([each.roleId], implications).map((roleId) => ({ ...each, roleId })),
  );
  return unique(whole.filter(({ roleId }) => everywhere.has(roleId)));
}

/** Of a directory's group only whether the user is in it that is asked for, if one is. */
async function membersOf(identity: Identity, groupId: string, user: string | undefined): Promise<string[]> {
  const elsewhere = await domainElsewhere(identity, groupId);
  if (!elsewhere) return listMemberIds(identity.db, groupId);
  const directory = directoryOf(identity, elsewhere);
  if (user === undefined) return (await directory.membersOf(groupId, {})).map(({ id }) => id);
  const isTheirs = (await domainElsewhere(identity, user)) === elsewhere;
  return isTheirs && (await directory.isMember(groupId, user)) ? [user] : [];
}

const unique = (found: readonly Assignment[]): Assignment[] => [
  ...new Map(found.map((each) => [JSON.stringify(Object.entries(each).toSorted()), each])).values(),
];

async function fits({ db }: Identity, each: Assignment, query: Query): Promise<boolean> {
  if (query['role.id'] && query['role.id'] !== each.roleId) return false;
  const user = query['user.id'];
  if (!user) return true;
  return each.actorKind === 'user' ? each.actorId === user : isMember(db, each.actorId, user);
}

async function view(
  { db }: Identity,
  { actorKind, actorId, targetKind, targetId, roleId, inherited }: Assignment,
  names: ReturnType<typeof actorNames> | undefined,
  base: string,
) {
  const domainOf = async (id: string) => ({ id, name: (await lookProject(db, { id }))?.name ?? id });
  const actor = async () => {
    if (!names) return { id: actorId };
    const { name, domainId } = await names(actorKind, actorId);
    return { id: actorId, name, domain: await domainOf(domainId) };
  };
  const role = async () => {
    if (!names) return { id: roleId };
    const { name, domainId } = await findRole(db, roleId);
    return { id: roleId, name, ...(domainId ? { domain: await domainOf(domainId) } : {}) };
  };
  const target = async () => {
    if (targetKind === 'system') return { system: { all: true } };
    if (!names) return { [targetKind]: { id: targetId } };
    const found = await lookProject(db, { id: targetId });
    const own = { id: targetId, name: found?.name ?? targetId };
    return { [targetKind]: targetKind === 'domain' ? own : { ...own, domain: await domainOf(found?.domainId ?? '') } };
  };
  const scope = { ...(await target()), ...(inherited ? { 'OS-INHERIT:inherited_to': 'projects' } : {}) };
  const kinds = targetKind === 'system' ? 'system' : `${targetKind}s/${targetId}`;
  const link = `${base}/v3/${kinds}/${actorKind}s/${actorId}/roles/${roleId}`;
  return { [actorKind]: await actor(), role: await role(), scope, links: { assignment: link } };
}
