/** A router's leg outside. */
import type { Who } from '#shared/auth/who.ts';
import { conflict } from '#shared/errors/fault.ts';
import { assignAddresses, type FixedIpWish } from '../addresses/assign.ts';
import type { Network } from '../context.ts';
import { floatingIpRows } from '../floating-ips/store.ts';
import { networkRows } from '../networks/store.ts';
import { freshMac, freshPort } from '../ports/fresh.ts';
import { removePort } from '../ports/remove.ts';
import { restatePort } from '../ports/restate.ts';
import { owner, type Port, portRows } from '../ports/store.ts';
import { badResource, truth } from '../resources/values.ts';
import { subnetRows } from '../subnets/store.ts';
import { type Router, routerRows } from './store.ts';

export interface GatewayWish {
  readonly network_id?: string | null;
  readonly enable_snat?: unknown;
  readonly external_fixed_ips?: readonly FixedIpWish[] | null;
}

/** What the router is with this gateway, or without any. The same wish twice changes nothing. */
export async function setGateway(
  network: Network,
  who: Who,
  router: Router,
  wish: GatewayWish | null,
): Promise<Router> {
  const networkId = wish?.network_id ?? null;
  if (wish === null || networkId === null) return clearGateway(network, router);
  const enableSnat =
    wish.enable_snat === undefined || wish.enable_snat === null ? true : truth(wish.enable_snat, 'enable_snat');
  const stays = router.gatewayNetworkId === networkId && !wish.external_fixed_ips;
  const bare = stays ? router : await clearGateway(network, router);
  const gatewayPortId = stays ? router.gatewayPortId : await plugOutside(network, who, bare, networkId, wish);
  const change = { gatewayPortId, gatewayNetworkId: networkId, enableSnat };
  await routerRows.update(network.db, router.id, change);
  return { ...bare, ...change };
}

async function plugOutside(network: Network, who: Who, router: Router, networkId: string, wish: GatewayWish) {
  const { db } = network;
  const outside = await networkRows.find(network.db, who, networkId);
  if (!outside.external) throw badResource('router', `Network ${networkId} is not an external network`);
  const port: Port = {
    ...freshPort(networkId, ''),
    macAddress: await freshMac(db, networkId),
    deviceId: router.id,
    deviceOwner: owner.routerGateway,
    portSecurityEnabled: false,
    ...(router.host ? { bindingHost: router.host, vifType: 'bridge' as const } : {}),
  };
  await portRows.insert(db, port);
  const subnets = await subnetRows.where(db, { networkId });
  const taker = { portId: port.id, mac: port.macAddress, networkId, subnets };
  await assignAddresses(network, { ...taker, wishes: wish.external_fixed_ips ?? undefined });
  await restatePort(network, { after: port, groupIds: [] });
  return port.id;
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
