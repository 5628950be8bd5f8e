/** The gateway of a router: its interface on an external network. */
import type { Caller } from '#shared/auth/caller.ts';
import { badRequest, conflict } from '#shared/errors/fault.ts';
import { canonical } from '#shared/net/addresses.ts';
import { assignAddresses } from '../addresses/assign.ts';
import type { Network } from '../context.ts';
import { floatingIpRows } from '../floating-ips/resource.ts';
import { networkRows } from '../networks/resource.ts';
import { markPortDirty } from '../ports/mark-dirty.ts';
import { generateMac, newPort } from '../ports/new-port.ts';
import { removePort } from '../ports/remove.ts';
import { type FixedIpInput, owner, type Port, portRows } from '../ports/resource.ts';
import { setFixedIps } from '../ports/set-fixed-ips.ts';
import { badResource, truth } from '../resources/values.ts';
import { subnetsOf } from '../subnets/store.ts';
import { internalSubnets, refuseOverlapping } from './interfaces.ts';
import { type GatewayInput, type Router, routerRows } from './resource.ts';

/**
 * Sets the gateway of a router; null and {} clear it. On the same network the gateway keeps its port, and its addresses unless
 * others are requested.
 */
export async function setGateway(
  network: Network,
  caller: Caller,
  router: Router,
  input: GatewayInput | null,
): Promise<Router> {
  if (input === null || Object.keys(input).length === 0) return clearGateway(network, router);
  const networkId = networkOf(input);
  const enableSnat =
    input.enable_snat === undefined || input.enable_snat === null ? true : truth(input.enable_snat, 'enable_snat');
  const sameNetwork = router.gatewayNetworkId === networkId;
  const withoutGateway = sameNetwork ? router : await clearGateway(network, router);
  const gatewayPortId = sameNetwork
    ? router.gatewayPortId
    : await createGatewayPort(network, caller, withoutGateway, networkId, input);
  if (sameNetwork) await updateGatewayAddresses(network, router, input.external_fixed_ips ?? []);
  const change = { gatewayPortId, gatewayNetworkId: networkId, enableSnat };
  await routerRows.update(network.db, router.id, change);
  return { ...withoutGateway, ...change };
}

function networkOf(input: GatewayInput): string {
  if (input.network_id) return input.network_id;
  const reason = "Validation of dictionary's keys failed. Expected keys: {'network_id'}";
  throw badRequest(`Invalid input for external_gateway_info. Reason: ${reason}.`, 'HTTPBadRequest');
}

async function createGatewayPort(
  network: Network,
  caller: Caller,
  router: Router,
  networkId: string,
  input: GatewayInput,
) {
  const { db } = network;
  const external = await networkRows.find(network.db, caller, networkId);
  if (!external.external) throw badResource('router', `Network ${networkId} is not an external network`);
  const subnets = await subnetsOf(db, [networkId]);
  refuseOverlapping(await internalSubnets(network, router), subnets);
  await refuseGatewayAddress(network, networkId, input.external_fixed_ips ?? []);
  const port: Port = {
    ...newPort(networkId, ''),
    macAddress: await generateMac(db, networkId),
    deviceId: router.id,
    deviceOwner: owner.routerGateway,
    portSecurityEnabled: false,
    ...(router.host ? { bindingHost: router.host, vifType: 'bridge' as const } : {}),
  };
  await portRows.insert(db, port);
  const { id: portId, macAddress: mac, deviceOwner } = port;
  const addressRequest = { portId, mac, deviceOwner, networkId, subnets };
  const inputs = input.external_fixed_ips?.length ? input.external_fixed_ips : undefined;
  await assignAddresses(network, { ...addressRequest, inputs });
  await markPortDirty(network, { after: port, groupIds: [] });
  return port.id;
}

/** Changes nothing without requested addresses or when it has them already. Floating IPs keep their router. */
async function updateGatewayAddresses(
  network: Network,
  router: Router,
  requested: readonly FixedIpInput[],
): Promise<void> {
  if (requested.length === 0 || router.gatewayPortId === null || router.gatewayNetworkId === null) return;
  await refuseGatewayAddress(network, router.gatewayNetworkId, requested);
  const port = await portRows.get(network.db, router.gatewayPortId);
  if (!port || !(await setFixedIps(network, port, requested))) return;
  await portRows.update(network.db, port.id, {});
  await markPortDirty(network, { before: port, after: port, groupIds: [] });
}

async function refuseGatewayAddress(
  { db }: Network,
  networkId: string,
  requested: readonly FixedIpInput[],
): Promise<void> {
  const gateways = new Set((await subnetsOf(db, [networkId])).map(({ gatewayIp }) => gatewayIp));
  const conflicting = requested.find(
    ({ ip_address }) => ip_address !== undefined && gateways.has(canonical(ip_address) ?? null),
  );
  if (conflicting) throw badResource('router', `External IP ${conflicting.ip_address} is the same as the gateway IP`);
}

export async function clearGateway(network: Network, router: Router): Promise<Router> {
  const { db } = network;
  if (router.gatewayPortId === null) return router;
  if ((await floatingIpRows.countOf(db, { routerId: router.id })) > 0)
    throw conflict(
      `Gateway cannot be updated for router ${router.id}, since a gateway to external network ${router.gatewayNetworkId} is required by one or more floating IPs.`,
      'RouterExternalGatewayInUseByFloatingIp',
    );
  const port = await portRows.get(db, router.gatewayPortId);
  if (port) await removePort(network, port);
  const change = { gatewayPortId: null, gatewayNetworkId: null };
  await routerRows.update(db, router.id, change);
  return { ...router, ...change };
}
