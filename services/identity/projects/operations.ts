import type { Caller } from '#shared/auth/caller.ts';
import { badRequest, forbidden } from '#shared/errors/fault.ts';
import type { Identity } from '../context.ts';
import { hasMappings, mappedIds, removeMappings } from '../directories/store.ts';
import { removeOptions } from '../domain-config/store.ts';
import { groupIdsOf, removeGroups } from '../groups/store.ts';
import { revoke, revokeLdapUsers, revokeUser } from '../keys/revoke.ts';
import type { Change, New } from '../resources/resource.ts';
import { newId } from '../resources/store.ts';
import { role } from '../roles/resource.ts';
import { removeRole } from '../roles/store.ts';
import { removeUsers, userIdsOf } from '../users/store.ts';
import { type domain, type NewProject, type Project, project } from './resource.ts';
import {
  findProject,
  getDomain,
  hasChildren,
  insertProject,
  listAncestors,
  listDescendants,
  projectIdsOf,
  refuseDuplicate,
  removeProject,
  replaceTags,
} from './store.ts';

type Tags = readonly string[];

/** Creates the project below its parent, else at the top of the named domain or of the caller's domain. */
export async function createProject(
  { db }: Identity,
  caller: Caller,
  input: NewProject,
  tags: Tags = [],
): Promise<Project> {
  const { parentId, isDomain, ...rest } = input;
  if (isDomain) return createDomain({ db }, rest, { tags });
  const parent = parentId ? await findProject(db, { id: parentId }) : undefined;
  if (parentId && !parent) throw badRequest(`Could not find project: ${parentId}.`);
  const domainId = (input.domainId || parent?.domainId) ?? caller.domainId ?? caller.projectDomainId ?? 'default';
  if (parent && parent.domainId !== domainId)
    throw badRequest(`The parent ${parent.id} is in another domain than ${domainId}.`);
  await refuseBelowDisabled(db, parent ?? (await getDomain(db, domainId)));
  return insertTagged(db, { ...rest, id: newId(), domainId, parentId: parent?.id ?? domainId, isDomain: false }, tags);
}

export const createDomain = (
  { db }: Pick<Identity, 'db'>,
  input: New<typeof domain>,
  { id = newId(), tags = [] }: { readonly id?: string; readonly tags?: Tags } = {},
): Promise<Project> => insertTagged(db, { ...input, id, domainId: id, parentId: null, isDomain: true }, tags);

async function insertTagged(db: Tx, row: Project, tags: Tags): Promise<Project> {
  await db.transaction(async (tx) => {
    await insertProject(tx, row);
    await replaceTags(tx, row.id, tags);
  });
  return row;
}

/** All ancestors of a new project must be enabled. */
async function refuseBelowDisabled(db: Tx, parent: Project): Promise<void> {
  const disabled = (await listAncestors(db, parent)).find(({ enabled }) => !enabled);
  if (disabled) throw badRequest(`cannot create a project in a branch containing a disabled project: ${disabled.id}`);
}

function refuseImmutable({ id, isDomain, options }: Project, newOptions?: Project['options']): void {
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
export async function changeProject(
  identity: Identity,
  row: Project,
  change: Change<typeof project>,
  tags?: Tags,
): Promise<Project> {
  const { domainId, parentId, isDomain: _, ...changed } = change;
  if (domainId && domainId !== row.domainId) throw badRequest('The domain of a project cannot be changed.');
  if (parentId !== undefined && parentId !== row.parentId)
    throw forbidden('The parent of a project cannot be changed.');
  const { name, enabled } = changed;
  refuseImmutable(row, change.options);
  await identity.db.transaction(async (tx) => {
    await refuseEnabledChange(tx, row, enabled);
    if (name !== undefined) await refuseDuplicate(tx, { ...row, name });
    await project.rows.update(tx, row.id, changed);
    if (tags) await replaceTags(tx, row.id, tags);
    if (enabled === false) await revokeScope(identity, tx, row);
  });
  await identity.tokenKeysChanged();
  return { ...row, ...changed };
}

type Tx = Parameters<typeof revoke>[1];

async function revokeScope(identity: Identity, tx: Tx, project: Project): Promise<void> {
  if (!project.isDomain) return revoke(identity, tx, { project: project.id });
  await revoke(identity, tx, { domain: project.id });
  for (const id of await projectIdsOf(tx, project.id)) await revoke(identity, tx, { project: id });
  for (const id of await userIdsOf(tx, project.id)) await revokeUser(identity, tx, id);
  if (await hasMappings(tx, project.id)) await revokeLdapUsers(identity, tx, project.id);
}

export async function deleteProject(identity: Identity, row: Project): Promise<void> {
  const { id } = row;
  refuseImmutable(row);
  if (await hasChildren(identity.db, id))
    throw forbidden(`Cannot delete project ${id} since it is not a leaf in the hierarchy. Delete its children first.`);
  await identity.db.transaction(async (tx) => {
    await revokeScope(identity, tx, row);
    await removeProject(tx, id);
  });
  await identity.tokenKeysChanged();
}

/** Deletes the domain and all that it contains. It must be disabled. */
export async function deleteDomain(identity: Identity, row: Project): Promise<void> {
  const { id } = row;
  refuseImmutable(row);
  if (row.enabled) throw forbidden('Cannot delete a domain that is enabled, please disable it first.');
  await identity.db.transaction(async (tx) => {
    await revokeScope(identity, tx, row);
    for (const projectId of await projectIdsOf(tx, id)) await removeProject(tx, projectId);
    await removeUsers(tx, await userIdsOf(tx, id));
    await removeGroups(tx, await groupIdsOf(tx, id));
    await removeUsers(tx, mappedIds(tx, id, 'user'));
    await removeGroups(tx, mappedIds(tx, id, 'group'));
    await removeMappings(tx, id);
    for (const found of await role.rows.where(tx, { domainKey: id })) await removeRole(tx, found.id);
    await removeOptions(tx, { domainId: id });
    await removeProject(tx, id);
  });
  await identity.tokenKeysChanged();
}
