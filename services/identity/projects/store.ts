/** Projects and domains. A domain is a row of the same table. */
import type { Knex } from 'knex';
import { onDuplicate } from '#shared/db/errors.ts';
import { applyFilters, type Filters } from '#shared/db/filters.ts';
import { conflict, notFound } from '#shared/errors/fault.ts';

export interface Project {
  readonly id: string;
  readonly name: string;
  /** For a domain, its own id. */
  readonly domainId: string;
  readonly parentId: string | null;
  readonly isDomain: boolean;
  readonly enabled: boolean;
  readonly description: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Fields of the client that Keystone does not know. */
  readonly extra: Readonly<Record<string, unknown>>;
}

const columns = {
  id: 'id',
  name: { name: 'name', lowered: 'nameLower' },
  domain_id: 'domainId',
  parent_id: 'parentId',
  enabled: { flag: 'enabled' },
  is_domain: { flag: 'isDomain' },
};

const toRow = <T extends Partial<Project>>({ name, options, extra, ...rest }: T) => ({
  ...rest,
  ...(name === undefined ? {} : { name, nameLower: name.toLowerCase() }),
  ...(options === undefined ? {} : { options: JSON.stringify(options) }),
  ...(extra === undefined ? {} : { extra: JSON.stringify(extra) }),
});
const fromRow = ({ nameLower: _, options, extra, ...row }: Record<string, unknown>): Project =>
  ({ ...row, options: JSON.parse(String(options)), extra: JSON.parse(String(extra)) }) as Project;

export async function insertProject(tx: Knex, project: Project): Promise<void> {
  await refuseDuplicate(tx, project);
  await onDuplicate(tx('projects').insert(toRow(project)), () => duplicateOf(project));
}

type Named = Pick<Project, 'id' | 'domainId' | 'name' | 'isDomain'>;

/** The name of a domain is unique in the cloud. */
export async function refuseDuplicate(tx: Knex, project: Named): Promise<void> {
  const { id, domainId, name, isDomain } = project;
  if (isDomain) await serialize(tx);
  const same = { nameLower: name.toLowerCase(), isDomain, ...(isDomain ? {} : { domainId }) };
  if (await tx('projects').where(same).whereNot({ id }).first('id')) throw duplicateOf(project);
}

/** No index makes the names of domains unique, so writers of domain names are serialized. */
const serialize = (tx: Knex) => tx('projects').where({ isDomain: true }).orderBy('id').forUpdate().select('id');

function duplicateOf({ name, isDomain }: Named) {
  const [what, where] = isDomain ? ['domain', 'the cloud'] : ['project', 'the same domain'];
  return conflict(
    `Conflict occurred attempting to store ${what} - it is not permitted to have two ${what}s with the same name in ${where}: ${name}.`,
  );
}

export async function getProject(db: Knex, id: string): Promise<Project> {
  const row = await db('projects').where({ id }).first();
  if (!row) throw couldNotFind('project', id);
  return fromRow(row);
}

export async function getDomain(db: Knex, id: string): Promise<Project> {
  const row = await db('projects').where({ id, isDomain: true }).first();
  if (!row) throw couldNotFind('domain', id);
  return fromRow(row);
}

/** A project or a domain; undefined when there is none. */
export async function findProject(
  db: Knex,
  where: { id: string } | { nameLower: string; domainId: string } | { nameLower: string; isDomain: true },
): Promise<Project | undefined> {
  const row = await db('projects').where(where).first();
  return row ? fromRow(row) : undefined;
}

export async function listProjects(db: Knex, filters: Filters, isDomain: boolean): Promise<Project[]> {
  const rows = await applyFilters(db('projects').where({ isDomain }), filters, columns).orderBy('id');
  return (rows as Record<string, unknown>[]).map(fromRow);
}

export async function listProjectsById(db: Knex, ids: readonly string[]): Promise<Project[]> {
  const rows = await db('projects')
    .whereIn('id', ids as string[])
    .orderBy('id');
  return rows.map(fromRow);
}

/** All descendants, nearest first. */
export async function listDescendants(db: Knex, id: string): Promise<Project[]> {
  const found: Project[] = [];
  for (let level = [id]; level.length > 0; ) {
    const rows = await db('projects').whereIn('parentId', level).where({ isDomain: false }).orderBy('id');
    const below = rows.map(fromRow);
    found.push(...below);
    level = below.map((each: Project) => each.id);
  }
  return found;
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

export const updateProject = (tx: Knex, id: string, change: Partial<Project>) =>
  tx('projects').where({ id }).update(toRow(change));

/** With all rows that belong to the project. */
export async function removeProject(tx: Knex, id: string): Promise<void> {
  await tx('projects').where({ id }).delete();
  await tx('project_tags').where({ projectId: id }).delete();
  await tx('assignments').where({ targetId: id }).delete();
  await tx('application_credentials').where({ projectId: id }).delete();
  await tx('credentials').where({ projectId: id }).delete();
  await tx('oauth_request_tokens').where({ projectId: id }).delete();
  await tx('oauth_access_tokens').where({ projectId: id }).delete();
  await tx('trusts').where({ projectId: id }).update({ deletedAt: Date.now() });
  await tx('limits').where({ ownerId: id }).delete();
  await tx('project_endpoints').where({ projectId: id }).delete();
  await tx('project_endpoint_groups').where({ projectId: id }).delete();
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

/** 404 in the words of Keystone. */
export const couldNotFind = (what: string, id: string) => {
  const fault = notFound(what, id);
  fault.message = `Could not find ${what}: ${id}.`;
  return fault;
};
