import { randomUUID } from 'node:crypto';
import type { Caller } from '#shared/auth/caller.ts';
import { badRequest, forbidden } from '#shared/errors/fault.ts';
import type { Identity } from '../context.ts';
import { hasMappings, mappedIds, removeMappings } from '../directories/store.ts';
import { removeOptions } from '../domain-config/store.ts';
import { listGroups, removeGroups } from '../groups/store.ts';
import { revoke, revokeLdapUsers, revokeUser } from '../keys/revoke.ts';
import { listRoles, removeRole } from '../roles/store.ts';
import { listUsers, removeUsers } from '../users/store.ts';
import {
  findProject,
  getDomain,
  getProject,
  hasChildren,
  insertProject,
  listAncestors,
  listDescendants,
  listProjects,
  type Project,
  refuseDuplicate,
  removeProject,
  replaceTags,
  updateProject,
} from './store.ts';

export interface ProjectInput {
  readonly name?: string;
  readonly domain_id?: string | null;
  readonly parent_id?: string | null;
  readonly is_domain?: boolean;
  readonly enabled?: boolean;
  readonly description?: string | null;
  readonly tags?: readonly string[];
  readonly options?: Readonly<Record<string, unknown>>;
  readonly [extra: string]: unknown;
}

const knownFields = new Set([
  'id',
  'name',
  'domain_id',
  'parent_id',
  'is_domain',
  'enabled',
  'description',
  'tags',
  'options',
  'links',
  'explicit_domain_id',
]);
export const extraOf = (
  input: Readonly<Record<string, unknown>>,
  fields: ReadonlySet<string> = knownFields,
): Record<string, unknown> => Object.fromEntries(Object.entries(input).filter(([key]) => !fields.has(key)));

export const newId = (): string => randomUUID().replaceAll('-', '');

/** Creates the project below its parent, else at the top of the named domain or of the caller's domain. */
export async function createProject({ db }: Identity, caller: Caller, input: ProjectInput): Promise<Project> {
  if (input.is_domain) return createDomain({ db }, input);
  const parent = input.parent_id ? await findProject(db, { id: input.parent_id }) : undefined;
  if (input.parent_id && !parent) throw badRequest(`Could not find project: ${input.parent_id}.`);
  const domainId = input.domain_id ?? parent?.domainId ?? caller.domainId ?? caller.projectDomainId ?? 'default';
  if (parent && parent.domainId !== domainId)
    throw badRequest(`The parent ${parent.id} is in another domain than ${domainId}.`);
  await refuseBelowDisabled(db, parent ?? (await getDomain(db, domainId)));
  const project = { ...newRow(input), domainId, parentId: parent?.id ?? domainId, isDomain: false };
  await db.transaction(async (tx) => {
    await insertProject(tx, project);
    await replaceTags(tx, project.id, input.tags ?? []);
  });
  return project;
}

export async function createDomain({ db }: Pick<Identity, 'db'>, input: ProjectInput): Promise<Project> {
  const base = newRow(input, typeof input.explicit_domain_id === 'string' ? input.explicit_domain_id : newId());
  const domain = { ...base, domainId: base.id, parentId: null, isDomain: true };
  await db.transaction(async (tx) => {
    await insertProject(tx, domain);
    await replaceTags(tx, domain.id, input.tags ?? []);
  });
  return domain;
}

const newRow = (input: ProjectInput, id = newId()) => ({
  id,
  name: (input.name ?? '').trim(),
  enabled: input.enabled ?? true,
  description: input.description ?? '',
  options: input.options ?? {},
  extra: extraOf(input),
});

/** All ancestors of a new project must be enabled. */
async function refuseBelowDisabled(db: Tx, parent: Project): Promise<void> {
  const disabled = (await listAncestors(db, parent)).find(({ enabled }) => !enabled);
  if (disabled) throw badRequest(`cannot create a project in a branch containing a disabled project: ${disabled.id}`);
}

function refuseImmutable({ id, isDomain, options }: Project, newOptions?: ProjectInput['options']): void {
  if (!options.immutable || newOptions?.immutable === false || newOptions?.immutable === null) return;
  throw forbidden(
    `Cannot change ${isDomain ? 'domain' : 'project'} ${id}: it is immutable. Set its option immutable to false first.`,
  );
}

/**
 * A project can be disabled when no descendant is enabled, and enabled when all ancestors are. Disabling a domain
 * disables its projects.
 */
async function refuseEnabledChange(db: Tx, project: Project, enabled: boolean | undefined): Promise<void> {
  const { id, isDomain } = project;
  if (isDomain || enabled === undefined || enabled === project.enabled) return;
  if (!enabled && (await listDescendants(db, id)).some((below) => below.enabled))
    throw forbidden(`Cannot disable project ${id} since its subtree contains enabled projects.`);
  if (enabled && (await listAncestors(db, project)).some((above) => above.id !== id && !above.enabled))
    throw forbidden(`Cannot enable project ${id} since it has disabled parents.`);
}

/** Disabling revokes every token of that scope. */
export async function changeProject(identity: Identity, project: Project, input: ProjectInput): Promise<Project> {
  if (input.domain_id !== undefined && input.domain_id !== null && input.domain_id !== project.domainId)
    throw badRequest('The domain of a project cannot be changed.');
  if (input.parent_id !== undefined && input.parent_id !== project.parentId)
    throw forbidden('The parent of a project cannot be changed.');
  refuseImmutable(project, input.options);
  const { name, enabled, description, options } = input;
  const changed = {
    ...(name === undefined ? {} : { name: name.trim() }),
    ...(enabled === undefined ? {} : { enabled }),
    ...(description === undefined ? {} : { description: description ?? '' }),
    options: { ...project.options, ...options },
    extra: { ...project.extra, ...extraOf(input) },
  };
  await identity.db.transaction(async (tx) => {
    await refuseEnabledChange(tx, project, enabled);
    if (changed.name !== undefined) await refuseDuplicate(tx, { ...project, name: changed.name });
    await updateProject(tx, project.id, changed);
    if (input.tags) await replaceTags(tx, project.id, input.tags);
    if (enabled === false) await revokeScope(identity, tx, project);
  });
  await identity.tokenKeysChanged();
  return { ...project, ...changed };
}

type Tx = Parameters<typeof revoke>[1];

async function revokeScope(identity: Identity, tx: Tx, project: Project): Promise<void> {
  if (!project.isDomain) return revoke(identity, tx, { project: project.id });
  await revoke(identity, tx, { domain: project.id });
  for (const { id } of await listProjects(tx, { domain_id: [project.id] }, false))
    await revoke(identity, tx, { project: id });
  for (const { id } of await listUsers(tx, { domain_id: [project.id] })) await revokeUser(identity, tx, id);
  if (await hasMappings(tx, project.id)) await revokeLdapUsers(identity, tx, project.id);
}

export async function deleteProject(identity: Identity, id: string): Promise<void> {
  const project = await getProject(identity.db, id);
  refuseImmutable(project);
  if (await hasChildren(identity.db, id))
    throw forbidden(`Cannot delete project ${id} since it is not a leaf in the hierarchy. Delete its children first.`);
  await identity.db.transaction(async (tx) => {
    await revokeScope(identity, tx, project);
    await removeProject(tx, id);
  });
  await identity.tokenKeysChanged();
}

/** Deletes the domain and all that it contains. It must be disabled. */
export async function deleteDomain(identity: Identity, id: string): Promise<void> {
  const domain = await getDomain(identity.db, id);
  refuseImmutable(domain);
  if (domain.enabled) throw forbidden('Cannot delete a domain that is enabled, please disable it first.');
  await identity.db.transaction(async (tx) => {
    await revokeScope(identity, tx, domain);
    for (const project of await listProjects(tx, { domain_id: [id] }, false)) await removeProject(tx, project.id);
    for (const user of await listUsers(tx, { domain_id: [id] })) await removeUsers(tx, [user.id]);
    for (const group of await listGroups(tx, { domain_id: [id] })) await removeGroups(tx, [group.id]);
    await removeUsers(tx, mappedIds(tx, id, 'user'));
    await removeGroups(tx, mappedIds(tx, id, 'group'));
    await removeMappings(tx, id);
    for (const role of await listRoles(tx, { domain_id: [id] })) await removeRole(tx, role.id);
    await removeOptions(tx, { domainId: id });
    await removeProject(tx, id);
  });
  await identity.tokenKeysChanged();
}
