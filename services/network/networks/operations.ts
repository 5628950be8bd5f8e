import type { Caller } from '#shared/auth/caller.ts';
import { conflict } from '#shared/errors/fault.ts';
import type { Network } from '../context.ts';
import { portRows } from '../ports/store.ts';
import { reserve } from '../quotas/reserve.ts';
import { freshRow, given, invalidInput, type StandardInput, truth } from '../resources/values.ts';
import { routerRows } from '../routers/store.ts';
import { subnetsOf } from '../subnets/store.ts';
import { markExternalDirty, markNetworkDirty } from './mark-dirty.ts';
import { largestMtu, type ProviderInput, segmentFor } from './segment.ts';
import { type NetworkRow, networkRows } from './store.ts';

export interface NetworkInput extends StandardInput, ProviderInput {
  readonly admin_state_up?: unknown;
  readonly shared?: unknown;
  readonly 'router:external'?: unknown;
  readonly is_default?: unknown;
  readonly mtu?: number | string | null;
  readonly port_security_enabled?: unknown;
  readonly dns_domain?: string;
}

const flagOf = (value: unknown, name: string): boolean | undefined =>
  value === undefined || value === null ? undefined : truth(value, name);

export async function createNetwork(
  network: Network,
  _caller: Caller,
  input: NetworkInput,
  projectId: string,
): Promise<NetworkRow> {
  await reserve(network, projectId, 'network');
  const segment = await segmentFor(network, input);
  const row: NetworkRow = {
    ...freshRow(projectId, input),
    ...segment,
    adminStateUp: flagOf(input.admin_state_up, 'admin_state_up') ?? true,
    status: 'ACTIVE',
    shared: flagOf(input.shared, 'shared') ?? false,
    external: flagOf(input['router:external'], 'router:external') ?? false,
    isDefault: flagOf(input.is_default, 'is_default') ?? false,
    mtu: mtuFor(network, segment.networkType, input.mtu) ?? largestMtu(network, segment.networkType),
    portSecurityEnabled: flagOf(input.port_security_enabled, 'port_security_enabled') ?? true,
    dnsDomain: input.dns_domain ?? '',
  };
  await networkRows.insert(network.db, row);
  await markExternalDirty(network, row);
  return row;
}

/** Undefined, for 0 and no value, means the largest. */
function mtuFor(network: Network, networkType: string, mtu: NetworkInput['mtu']): number | undefined {
  if (mtu === undefined || mtu === null || Number(mtu) === 0) return undefined;
  const largest = largestMtu(network, networkType);
  if (Number(mtu) > largest) throw invalidInput(`Requested MTU is too big, maximum is ${largest}`);
  if (!(Number(mtu) >= 68)) throw invalidInput(`'${mtu}' is too small - must be at least '68'`);
  return Number(mtu);
}

export async function updateNetwork(
  network: Network,
  _caller: Caller,
  row: NetworkRow,
  input: NetworkInput,
): Promise<NetworkRow> {
  if (Object.keys(input).some((key) => key.startsWith('provider:')))
    throw invalidInput('Plugin does not support updating the following provider network attributes');
  const external = flagOf(input['router:external'], 'router:external');
  if (row.external && external === false) await refuseWhileUsed(network, row);
  if (row.shared && flagOf(input.shared, 'shared') === false) await refuseWhileShared(network, row);
  const change = given({
    name: input.name,
    description: input.description ?? undefined,
    adminStateUp: flagOf(input.admin_state_up, 'admin_state_up'),
    shared: flagOf(input.shared, 'shared'),
    external,
    isDefault: flagOf(input.is_default, 'is_default'),
    mtu:
      input.mtu === undefined
        ? undefined
        : (mtuFor(network, row.networkType, input.mtu) ?? largestMtu(network, row.networkType)),
    portSecurityEnabled: flagOf(input.port_security_enabled, 'port_security_enabled'),
    dnsDomain: input.dns_domain,
  });
  if (change.mtu !== undefined && change.mtu < 1280) await refuseSmallFrames(network, row);
  await networkRows.update(network.db, row.id, change);
  const after = { ...row, ...change, updatedAt: Date.now(), revision: row.revision + 1 };
  if (after.mtu !== row.mtu || after.adminStateUp !== row.adminStateUp) await markNetworkDirty(network, row.id);
  if (after.external !== row.external) await markExternalDirty(network, after);
  return after;
}

async function refuseSmallFrames({ db }: Network, { id }: NetworkRow): Promise<void> {
  if ((await subnetsOf(db, [id])).some(({ ipVersion }) => ipVersion === 6))
    throw conflict(`MTU of ${id} is not valid, subnet requires a minimum of 1280`, 'NetworkMTUSubnetConflict');
}

async function refuseWhileShared({ db }: Network, { id, projectId }: NetworkRow): Promise<void> {
  const ports = await portRows.where(db, { networkId: id });
  if (ports.some((port) => port.projectId !== projectId && port.projectId !== ''))
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
