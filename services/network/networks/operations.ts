import type { Caller } from '#shared/auth/caller.ts';
import { conflict } from '#shared/errors/fault.ts';
import type { Network } from '../context.ts';
import { refuseUnknownZones } from '../hosts/zones.ts';
import { policyForNetwork, requirePolicy } from '../qos/assign.ts';
import { reserve } from '../quotas/quotas.ts';
import { freshRow, invalidInput } from '../resources/values.ts';
import { routerRows } from '../routers/resource.ts';
import { usersOf } from '../sharing/objects/store.ts';
import { rbacPolicies } from '../sharing/resource.ts';
import { ensureSharedWithAll, removeSharedWithAll } from '../sharing/store.ts';
import { subnetsOf } from '../subnets/store.ts';
import { markExternalDirty, markNetworkDirty } from './mark-dirty.ts';
import { type NetworkChange, type NetworkRow, type NewNetwork, networkRows } from './resource.ts';
import { largestMtu, segmentFor } from './segment.ts';

export async function createNetwork(
  network: Network,
  caller: Caller,
  input: NewNetwork,
  projectId: string,
): Promise<NetworkRow> {
  await reserve(network, projectId, 'network');
  await refuseUnknownZones(network, input.availabilityZoneHints);
  const segment = await segmentFor(network, input);
  const row: NetworkRow = {
    ...freshRow(projectId, input),
    ...input,
    ...segment,
    projectId,
    qosPolicyId: await policyForNetwork(network, caller, input.qosPolicyId, projectId),
    status: 'ACTIVE',
    mtu: mtuFor(network, segment.networkType, input.mtu ?? 0),
  };
  await networkRows.insert(network.db, row);
  if (row.shared) await ensureSharedWithAll(network.db, row, 'network');
  if (row.external) await ensureSharedWithAll(network.db, row, 'network', 'access_as_external');
  await markExternalDirty(network, row);
  return row;
}

/** 0 means the largest. */
function mtuFor(network: Network, networkType: NetworkRow['networkType'], mtu: number): number {
  const largest = largestMtu(network, networkType);
  if (mtu === 0) return largest;
  if (mtu > largest) throw invalidInput(`Requested MTU is too big, maximum is ${largest}`);
  if (!(mtu >= 68)) throw invalidInput(`'${mtu}' is too small - must be at least '68'`);
  return mtu;
}

export async function updateNetwork(
  network: Network,
  caller: Caller,
  row: NetworkRow,
  { networkType, physicalNetwork, segmentationId, ...input }: NetworkChange,
): Promise<void> {
  if (networkType !== undefined || physicalNetwork !== undefined || segmentationId !== undefined)
    throw invalidInput('Plugin does not support updating the following provider network attributes');
  if (row.external && input.external === false) await refuseWhileUsed(network, row);
  if (row.shared && input.shared === false) await refuseWhileShared(network, row);
  await requirePolicy(network, caller, input.qosPolicyId);
  const mtu = input.mtu === undefined ? row.mtu : mtuFor(network, row.networkType, input.mtu);
  if (input.mtu !== undefined && mtu < 1280) await refuseSmallFrames(network, row);
  const after = { ...row, ...input, mtu };
  await networkRows.update(network.db, row.id, { ...input, mtu });
  await putSharing(network, row, after);
  if ((['mtu', 'adminStateUp', 'dnsDomain', 'qosPolicyId'] as const).some((column) => after[column] !== row[column]))
    await markNetworkDirty(network, row.id);
  if (after.external !== row.external) await markExternalDirty(network, after);
}

async function refuseSmallFrames({ db }: Network, { id }: NetworkRow): Promise<void> {
  if ((await subnetsOf(db, [id])).some(({ ipVersion }) => ipVersion === 6))
    throw conflict(`MTU of ${id} is not valid, subnet requires a minimum of 1280`, 'NetworkMTUSubnetConflict');
}

/** The policies with all projects follow the flags of the network. */
async function putSharing({ db }: Network, row: NetworkRow, { shared, external }: NetworkRow): Promise<void> {
  if (shared && !row.shared) await ensureSharedWithAll(db, row, 'network');
  if (!shared && row.shared) await removeSharedWithAll(db, row.id);
  if (external && !row.external) await ensureSharedWithAll(db, row, 'network', 'access_as_external');
  if (!external && row.external) await removeSharedWithAll(db, row.id, 'access_as_external');
}

/** Projects with a policy of their own keep it. */
async function refuseWhileShared({ db }: Network, row: NetworkRow): Promise<void> {
  const { id } = row;
  const users = await usersOf(db, 'network', 'access_as_shared', row);
  const policies = await rbacPolicies.rows.where(db, { objectId: id, action: 'access_as_shared' });
  const kept = new Set(policies.map(({ targetProject }) => targetProject));
  if (users.some((user) => !kept.has(user)))
    throw conflict(
      `Unable to reconfigure sharing settings for network ${id}. Multiple tenants are using it.`,
      'InvalidSharedSetting',
    );
}

async function refuseWhileUsed({ db }: Network, { id }: NetworkRow): Promise<void> {
  if ((await routerRows.countOf(db, { gatewayNetworkId: id })) > 0)
    throw conflict(
      `External network ${id} cannot be updated to be made non-external, since it has existing gateway ports.`,
      'ExternalNetworkInUse',
    );
}
