import type { Caller } from '#shared/auth/caller.ts';
import { may } from '#shared/auth/policy.ts';
import { conflict } from '#shared/errors/fault.ts';
import { addressScopes } from '../address-scopes/resource.ts';
import type { Network } from '../context.ts';
import { markExternalDirty } from '../networks/mark-dirty.ts';
import { networkRows } from '../networks/resource.ts';
import { reserve } from '../quotas/quotas.ts';
import { freshRow, invalidInput } from '../resources/values.ts';
import { subnetPools } from '../subnet-pools/resource.ts';
import { shareables, usersOf } from './objects/store.ts';
import { everyProject } from './policy.ts';
import { type NewRbacPolicy, type RbacPolicy, type RbacPolicyChange, rbacPolicies } from './resource.ts';
import { isSharedAs, isSharedWith, putShared } from './store.ts';

const { rows } = rbacPolicies;

export async function createRbacPolicy(network: Network, caller: Caller, input: NewRbacPolicy, projectId: string) {
  const { db } = network;
  const shareable = shareables[input.objectType];
  if (!shareable)
    throw invalidInput(`Invalid type '${input.objectType}', valid: ${Object.keys(shareables).join(', ')}`);
  const actions = Object.keys(shareable.users);
  if (!actions.includes(input.action))
    throw invalidInput(
      `Invalid action '${input.action}' for object type '${input.objectType}'. Valid actions: ${actions.join(', ')}`,
    );
  const object = await shareable.rows.find(db, caller, input.objectId);
  if (object.projectId !== caller.projectId && !may(caller, 'context_is_admin'))
    throw invalidInput('Only admins can manipulate policies on objects they do not own');
  await reserve(network, projectId, 'rbac_policy');
  await shareable.rows.lock(db, object.id);
  await refuseSecond(network, input);
  await refuseHiddenScope(network, input);
  const policy: RbacPolicy = { ...freshRow(projectId, {}), ...input };
  await rows.insert(db, policy);
  await updateFlags(network, policy);
  await countNetworkUp(network, policy);
  return policy;
}

async function refuseSecond({ db }: Network, { objectId, action, targetProject }: NewRbacPolicy): Promise<void> {
  if (await isSharedWith(db, { objectId, action }, targetProject))
    throw conflict('An RBAC policy already exists with those values.', 'DuplicateRbacPolicy');
}

/** Whoever may use a pool must be able to use its address scope. */
async function refuseHiddenScope({ db }: Network, { objectType, objectId, targetProject }: NewRbacPolicy) {
  if (objectType !== 'subnetpool') return;
  const pool = await subnetPools.rows.get(db, objectId);
  const scope = pool?.addressScopeId ? await addressScopes.rows.get(db, pool.addressScopeId) : undefined;
  if (!scope || scope.projectId === targetProject) return;
  for (const project of [everyProject, targetProject])
    if (await isSharedWith(db, { objectId: scope.id, action: 'access_as_shared' }, project)) return;
  throw invalidInput(
    `Subnet pool ${objectId} belongs to address scope ${scope.id}, which is not shared with project ${targetProject}; share that first`,
  );
}

export async function updateRbacPolicy(
  network: Network,
  _caller: Caller,
  before: RbacPolicy,
  { targetProject = before.targetProject }: RbacPolicyChange,
): Promise<void> {
  if (targetProject === before.targetProject) return;
  await shareables[before.objectType]?.rows.lock(network.db, before.objectId);
  await refuseSecond(network, { ...before, targetProject });
  await refuseHiddenScope(network, { ...before, targetProject });
  await refuseWhileUsed(network, before, targetProject);
  await rows.update(network.db, before.id, { targetProject });
  await updateFlags(network, before);
  await countNetworkUp(network, before);
}

export async function removeRbacPolicy(network: Network, _caller: Caller, policy: RbacPolicy): Promise<void> {
  await refuseWhileUsed(network, policy);
  await rows.remove(network.db, policy.id);
  await updateFlags(network, policy);
  await countNetworkUp(network, policy);
}

/** Refuses to end the sharing with a project whose resources use the object, unless another policy shares it too. */
async function refuseWhileUsed({ db }: Network, policy: RbacPolicy, next?: string): Promise<void> {
  const { objectType, objectId, action, targetProject } = policy;
  const shareable = shareables[objectType];
  const object = await shareable?.rows.get(db, objectId);
  if (!shareable || !object || next === everyProject) return;
  await shareable.rows.lock(db, objectId);
  const others = (await rows.where(db, { objectId, action })).filter(({ id }) => id !== policy.id);
  const kept = new Set([...others.map((other) => other.targetProject), next]);
  const users = await usersOf(db, objectType, action, object);
  const lost = targetProject === everyProject ? users : users.filter((user) => user === targetProject);
  if (kept.has(everyProject) || lost.every((user) => kept.has(user))) return;
  throw conflict(
    `RBAC policy on object ${objectId} cannot be removed because other objects depend on it.\nDetails: resources of another project use the ${objectType}`,
    'RbacPolicyInUse',
  );
}

/** With whom a network is shared is part of its revision, unlike that of other objects. */
async function countNetworkUp({ db }: Network, { objectType, objectId }: RbacPolicy): Promise<void> {
  if (objectType === 'network') await networkRows.update(db, objectId, {});
}

/** Keeps the columns of the object: a network is external while it is so for any project, shared is what all may use. */
async function updateFlags(network: Network, { objectType, objectId, action }: RbacPolicy): Promise<void> {
  const { db } = network;
  if (action === 'access_as_shared') {
    const table = shareables[objectType]?.flagged;
    const shared = await isSharedWith(db, { objectId, action }, everyProject);
    if (table) await putShared(db, table, objectId, shared);
    return;
  }
  const before = await networkRows.get(db, objectId);
  const external = await isSharedAs(db, objectId, action);
  if (!before || external === before.external) return;
  await networkRows.update(db, objectId, { external });
  await markExternalDirty(network, { ...before, external });
}
