/** Projects and domains with their tags and their tree. */
import type { Knex } from 'knex';
import { conflict } from '#shared/errors/fault.ts';
import { couldNotFind, type Query } from '../resources/store.ts';
import { domain, type Project } from './resource.ts';

const { rows } = domain;

export async function insertProject(tx: Knex, project: Project): Promise<void> {
  await refuseDuplicate(tx, project);
  await rows.insert(tx, project);
}

/** The name of a domain is unique in the cloud. */
export async function refuseDuplicate(tx: Knex, { id, domainId, name, isDomain }: Project): Promise<void> {
  if (isDomain) await serialize(tx);
  const other = await rows.find(tx, { name, isDomain, ...(isDomain ? {} : { domainId }) });
  if (!other || other.id === id) return;
  const [what, where] = isDomain ? ['domain', 'the cloud'] : ['project', 'the same domain'];
  throw conflict(
    `Conflict occurred attempting to store ${what} - it is not permitted to have two ${what}s with the same name in ${where}: ${name}.`,
  );
}

/** No index makes the names of domains unique, so writers of domain names are serialized. */
const serialize = (tx: Knex) => tx('projects').where({ isDomain: true }).orderBy('id').forUpdate().select('id');

export async function getProject(db: Knex, id: string): Promise<Project> {
  const found = await rows.find(db, { id });
  if (!found) throw couldNotFind('project', id);
  return found;
}

export async function getDomain(db: Knex, id: string): Promise<Project> {
  const found = await rows.find(db, { id, isDomain: true });
  if (!found) throw couldNotFind('domain', id);
  return found;
}

/** A project or a domain. */
export const findProject = (db: Knex, where: Partial<Project>): Promise<Project | undefined> => rows.find(db, where);

export const listProjectsIn = (db: Knex, ids: readonly string[] | Query): Promise<Project[]> =>
  rows.list(db, { narrow: (query) => query.whereIn('id', ids as string[]) });

/** The ids of the projects of a domain. */
export const projectIdsOf = (db: Knex, domainId: string): Promise<string[]> =>
  db('projects').where({ domainId, isDomain: false }).pluck('id');

/** All descendants of some projects or domains, nearest first, each once. */
export async function listDescendants(db: Knex, ...ids: readonly string[]): Promise<Project[]> {
  const found: Project[] = [];
  const known = new Set<string>();
  for (let level = ids; level.length > 0; ) {
    const parents = [...level];
    const below = await rows.list(db, {
      narrow: (query) => query.whereIn('parentId', parents).where({ isDomain: false }),
    });
    const fresh = below.filter(({ id }) => !known.has(id));
    for (const { id } of fresh) known.add(id);
    found.push(...fresh);
    level = fresh.map((each) => each.id);
  }
  return found;
}

/** A project or domain as the target of a list, with the projects below it where they count too. */
export interface Targets {
  readonly ids: readonly string[];
  /** What lies above it. */
  readonly above: readonly string[];
  /** Those of the ids that lie below a project or domain. */
  idsBelow(ancestorId: string): string[];
}

export async function openTargets(db: Knex, id: string, withSubtree: boolean): Promise<Targets> {
  const root = await findProject(db, { id });
  const line = root ? await listAncestors(db, root) : [];
  const below = withSubtree ? await listDescendants(db, id) : [];
  const parents = new Map([...line, ...below].map((each) => [each.id, each.parentId]));
  const isBelow = (one: string, ancestorId: string) => {
    for (let at = parents.get(one); at; at = parents.get(at)) if (at === ancestorId) return true;
    return false;
  };
  const ids = [id, ...below.map((each) => each.id)];
  return {
    ids,
    above: line.slice(1).map((each) => each.id),
    idsBelow: (ancestorId) => ids.filter((one) => isBelow(one, ancestorId)),
  };
}

/** Resolves ids of some projects or domains to the ids of all projects below. */
export async function openTree(db: Knex, ids: readonly string[]): Promise<(id: string) => string[]> {
  const children = Map.groupBy(await listDescendants(db, ...new Set(ids)), ({ parentId }) => parentId);
  return (id) => {
    const found = [id];
    for (const at of found) found.push(...(children.get(at) ?? []).map((child) => child.id));
    return found.slice(1);
  };
}

/** The project itself, then its ancestors upwards. */
export async function listAncestors(db: Knex, project: Project): Promise<Project[]> {
  const line = [project];
  for (let at = project; at.parentId !== null; ) {
    const parent = await findProject(db, { id: at.parentId });
    if (!parent || line.some(({ id }) => id === parent.id)) break;
    line.push(parent);
    at = parent;
  }
  return line;
}

const tablesOfProject = [
  'project_tags',
  'application_credentials',
  'credentials',
  'oauth_request_tokens',
  'oauth_access_tokens',
  'project_endpoints',
  'project_endpoint_groups',
];

/** With all rows that belong to the project. */
export async function removeProject(tx: Knex, id: string): Promise<void> {
  await rows.remove(tx, { id });
  for (const table of tablesOfProject) await tx(table).where({ projectId: id }).delete();
  await tx('assignments').where({ targetId: id }).delete();
  await tx('limits').where({ ownerId: id }).delete();
  await tx('trusts').where({ projectId: id }).update({ deletedAt: Date.now() });
  await tx('users').where({ defaultProjectId: id }).update({ defaultProjectId: null });
}

export const hasChildren = async (db: Knex, id: string): Promise<boolean> =>
  (await db('projects').where({ parentId: id }).first('id')) !== undefined;

export async function listTags(db: Knex, projectIds: readonly string[]): Promise<Map<string, string[]>> {
  const rows = await db<{ projectId: string; name: string }>('project_tags')
    .whereIn('projectId', projectIds as string[])
    .orderBy('name');
  const tags = new Map<string, string[]>();
  for (const { projectId, name } of rows) tags.set(projectId, [...(tags.get(projectId) ?? []), name]);
  return tags;
}

export async function replaceTags(tx: Knex, projectId: string, names: readonly string[]): Promise<void> {
  await tx('project_tags').where({ projectId }).delete();
  const fresh = [...new Set(names)].map((name) => ({ projectId, name }));
  if (fresh.length > 0) await tx('project_tags').insert(fresh);
}
