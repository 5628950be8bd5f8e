import type { Caller } from '#shared/auth/caller.ts';
import { conflict } from '#shared/errors/fault.ts';
import type { Network } from '../context.ts';
import { markNetworkDirty } from '../networks/mark-dirty.ts';
import { networkRows } from '../networks/resource.ts';
import { markPortDirty } from '../ports/mark-dirty.ts';
import { portRows } from '../ports/resource.ts';
import type { New } from '../resources/resource.ts';
import { freshRow } from '../resources/values.ts';
import { usersOf } from '../sharing/objects/store.ts';
import { rbacPolicies } from '../sharing/resource.ts';
import { deletePoliciesOf, ensureSharedWithAll, removeSharedWithAll } from '../sharing/store.ts';
import {
  type BandwidthRule,
  bandwidthRules,
  type DscpRule,
  dscpRules,
  type NewQosPolicy,
  policyRows,
  type QosPolicy,
  type QosPolicyChange,
} from './resource.ts';
import { userOf } from './store.ts';

export async function createPolicy(
  network: Network,
  _caller: Caller,
  { shared, ...input }: NewQosPolicy,
  projectId: string,
): Promise<QosPolicy> {
  const { db } = network;
  const policy: QosPolicy = { ...freshRow(projectId, input), ...input };
  if (policy.isDefault) await refuseSecondDefault(network, policy);
  await policyRows.insert(db, policy);
  if (shared) await ensureSharedWithAll(db, policy, 'qos_policy');
  return policy;
}

async function refuseSecondDefault({ db }: Network, { id, projectId }: QosPolicy): Promise<void> {
  const defaults = await policyRows.where(db, { projectId, isDefault: true });
  if (defaults.some((policy) => policy.id !== id))
    throw conflict(`A default QoS policy exists for project ${projectId}.`, 'QoSPolicyDefaultAlreadyExists');
}

export async function updatePolicy(
  network: Network,
  _caller: Caller,
  before: QosPolicy,
  { shared, ...input }: QosPolicyChange,
): Promise<void> {
  if (input.isDefault) await refuseSecondDefault(network, before);
  await policyRows.update(network.db, before.id, input);
  if (shared === true) await ensureSharedWithAll(network.db, before, 'qos_policy');
  if (shared === false) await endSharing(network, before);
}

/** Other projects whose networks or ports have the policy need it to be shared with them. */
async function endSharing({ db }: Network, policy: QosPolicy): Promise<void> {
  const { id } = policy;
  const policies = await rbacPolicies.rows.where(db, { objectId: id, action: 'access_as_shared' });
  const kept = new Set(policies.map(({ targetProject }) => targetProject));
  const users = await usersOf(db, 'qos_policy', 'access_as_shared', policy);
  if (users.some((user) => !kept.has(user)))
    throw conflict(
      `RBAC policy on object ${id} cannot be removed because other objects depend on it.\nDetails: resources of another project use the qos_policy`,
      'RbacPolicyInUse',
    );
  await removeSharedWithAll(db, id);
}

export async function removePolicy({ db }: Network, _caller: Caller, { id }: QosPolicy): Promise<void> {
  const user = await userOf(db, id);
  if (user) throw conflict(`QoS Policy ${id} is used by ${user.kind} ${user.id}.`, 'QosPolicyInUse');
  for (const { rows } of [bandwidthRules, dscpRules] as const)
    for (const rule of await rows.where(db, { policyId: id })) await rows.remove(db, rule.id);
  await deletePoliciesOf(db, id);
  await policyRows.remove(db, id);
}

export async function createBandwidthRule(
  network: Network,
  _caller: Caller,
  input: New<typeof bandwidthRules>,
  projectId: string,
  policyId: string,
): Promise<BandwidthRule> {
  const rule: BandwidthRule = { ...freshRow(projectId, {}), ...input, policyId };
  await policyRows.lock(network.db, policyId);
  await refuseSecondLimit(network, rule);
  await bandwidthRules.rows.insert(network.db, rule);
  await markPolicyDirty(network, policyId);
  return rule;
}

/** One limit for each direction. */
async function refuseSecondLimit({ db }: Network, { id, policyId, direction }: BandwidthRule): Promise<void> {
  const other = (await bandwidthRules.rows.where(db, { policyId, direction })).find((rule) => rule.id !== id);
  if (other) throw rulesConflict('bandwidth_limit', other.id, policyId);
}

const rulesConflict = (type: string, id: string, policyId: string) =>
  conflict(
    `Rule ${type} conflicts with rule ${id} which already exists in QoS Policy ${policyId}.`,
    'QoSRulesConflict',
  );

export async function updateBandwidthRule(
  network: Network,
  _caller: Caller,
  before: BandwidthRule,
  input: Partial<Pick<BandwidthRule, 'maxKbps' | 'maxBurstKbps' | 'direction'>>,
): Promise<void> {
  await policyRows.lock(network.db, before.policyId);
  await refuseSecondLimit(network, { ...before, ...input });
  await bandwidthRules.rows.update(network.db, before.id, input);
  await markPolicyDirty(network, before.policyId);
}

export async function createDscpRule(
  network: Network,
  _caller: Caller,
  input: New<typeof dscpRules>,
  projectId: string,
  policyId: string,
): Promise<DscpRule> {
  await policyRows.lock(network.db, policyId);
  const [other] = await dscpRules.rows.where(network.db, { policyId });
  if (other) throw rulesConflict('dscp_marking', other.id, policyId);
  const rule: DscpRule = { ...freshRow(projectId, {}), ...input, policyId };
  await dscpRules.rows.insert(network.db, rule);
  await markPolicyDirty(network, policyId);
  return rule;
}

export async function updateDscpRule(
  network: Network,
  _caller: Caller,
  before: DscpRule,
  input: Partial<Pick<DscpRule, 'dscpMark'>>,
): Promise<void> {
  await dscpRules.rows.update(network.db, before.id, input);
  await markPolicyDirty(network, before.policyId);
}

/** Of either kind. */
export const removingRule =
  ({ rows }: { readonly rows: Pick<typeof dscpRules.rows, 'remove'> }) =>
  async (network: Network, _caller: Caller, { id, policyId }: Pick<DscpRule, 'id' | 'policyId'>): Promise<void> => {
    await rows.remove(network.db, id);
    await markPolicyDirty(network, policyId);
  };

/** Ports have the policy themselves, or that of their network. */
async function markPolicyDirty(network: Network, qosPolicyId: string): Promise<void> {
  const { db } = network;
  await policyRows.update(db, qosPolicyId, {});
  for (const port of await portRows.where(db, { qosPolicyId }))
    await markPortDirty(network, { after: port, groupIds: [] });
  for (const { id } of await networkRows.where(db, { qosPolicyId })) await markNetworkDirty(network, id);
}
