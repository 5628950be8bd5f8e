import type { Who } from '#shared/auth/who.ts';
import { conflict } from '#shared/errors/fault.ts';
import type { Network } from '../context.ts';
import { portRows } from '../ports/store.ts';
import { reserve } from '../quotas/reserve.ts';
import { freshRow, given, invalidInput, type StandardWish, truth } from '../resources/values.ts';
import { routerRows } from '../routers/store.ts';
import { subnetsOf } from '../subnets/store.ts';
import { restateExternal, restateNetwork } from './restate.ts';
import { largestMtu, type ProviderWish, segmentFor } from './segment.ts';
import { type NetworkRow, networkRows } from './store.ts';

export interface NetworkWish extends StandardWish, ProviderWish {
  readonly admin_state_up?: unknown;
  readonly shared?: unknown;
  readonly 'router:external'?: unknown;
  readonly is_default?: unknown;
  readonly mtu?: number | string | null;
  readonly port_security_enabled?: unknown;
  readonly dns_domain?: string;
}

const asked = (value: unknown, name: string): boolean | undefined =>
  value === undefined || value === null ? undefined : truth(value, name);

export async function createNetwork(
  network: Network,
  _who: Who,
  wish: NetworkWish,
  projectId: string,
): Promise<NetworkRow> {
  await reserve(network, projectId, 'network');
  const segment = await segmentFor(network, wish);
  const row: NetworkRow = {
    ...freshRow(projectId, wish),
    ...segment,
    adminStateUp: asked(wish.admin_state_up, 'admin_state_up') ?? true,
    status: 'ACTIVE',
    shared: asked(wish.shared, 'shared') ?? false,
    external: asked(wish['router:external'], 'router:external') ?? false,
    isDefault: asked(wish.is_default, 'is_default') ?? false,
    mtu: mtuFor(network, segment.networkType, wish.mtu) ?? largestMtu(network, segment.networkType),
    portSecurityEnabled: asked(wish.port_security_enabled, 'port_security_enabled') ?? true,
    dnsDomain: wish.dns_domain ?? '',
  };
  await networkRows.insert(network.db, row);
  await restateExternal(network, row);
  return row;
}

/** 0 and nothing mean the largest. */
function mtuFor(network: Network, networkType: string, mtu: NetworkWish['mtu']): number | undefined {
  if (mtu === undefined || mtu === null || Number(mtu) === 0) return undefined;
  const largest = largestMtu(network, networkType);
  if (Number(mtu) > largest) throw invalidInput(`Requested MTU is too big, maximum is ${largest}`);
  if (!(Number(mtu) >= 68)) throw invalidInput(`'${mtu}' is too small - must be at least '68'`);
  return Number(mtu);
}

export async function updateNetwork(
  network: Network,
  _who: Who,
  row: NetworkRow,
  wish: NetworkWish,
): Promise<NetworkRow> {
  if (Object.keys(wish).some((key) => key.startsWith('provider:')))
    throw invalidInput('Plugin does not support updating the following provider network attributes');
  const external = asked(wish['router:external'], 'router:external');
  if (row.external && external === false) await refuseWhileUsed(network, row);
  if (row.shared && asked(wish.shared, 'shared') === false) await refuseWhileShared(network, row);
  const change = given({
    name: wish.name,
    description: wish.description ?? undefined,
    adminStateUp: asked(wish.admin_state_up, 'admin_state_up'),
    shared: asked(wish.shared, 'shared'),
    external,
    isDefault: asked(wish.is_default, 'is_default'),
    mtu:
      wish.mtu === undefined
        ? undefined
        : (mtuFor(network, row.networkType, wish.mtu) ?? largestMtu(network, row.networkType)),
    portSecurityEnabled: asked(wish.port_security_enabled, 'port_security_enabled'),
    dnsDomain: wish.dns_domain,
  });
  if (change.mtu !== undefined && change.mtu < 1280) await refuseSmallFrames(network, row);
  await networkRows.update(network.db, row.id, change);
  const after = { ...row, ...change, updatedAt: Date.now(), revision: row.revision + 1 };
  if (after.mtu !== row.mtu || after.adminStateUp !== row.adminStateUp) await restateNetwork(network, row.id);
  if (after.external !== row.external) await restateExternal(network, after);
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
