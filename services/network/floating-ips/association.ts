/** Finds the router for a floating IP: one with an interface on the port's subnet and a gateway on the external network. */
import type { Caller } from '#shared/auth/caller.ts';
import { conflict } from '#shared/errors/fault.ts';
import { versionOf } from '#shared/net/addresses.ts';
import { type Address, listAddresses } from '../addresses/store.ts';
import type { Network } from '../context.ts';
import { networkRows } from '../networks/resource.ts';
import { hasGlobalAccess } from '../policy.ts';
import { refuseForwarding } from '../port-forwardings/release.ts';
import { owner, type Port, portRows } from '../ports/resource.ts';
import { badResource, missing } from '../resources/values.ts';
import { routerRows } from '../routers/resource.ts';
import { subnetRows } from '../subnets/resource.ts';
import { type FloatingIp, floatingIpRows } from './resource.ts';

export interface Association {
  readonly portId: string;
  readonly fixedIpAddress: string;
  readonly routerId: string;
}

export async function associationFor(
  network: Network,
  caller: Caller,
  floatingIp: FloatingIp,
  portId: string,
  requested: string | null | undefined,
): Promise<Association> {
  const port = await portRows.find(network.db, caller, portId);
  refuseForeignPort(caller, floatingIp, port);
  await refuseForwarding(network, floatingIp.id);
  const fixed = chooseFixedIp(port, await listAddresses(network.db, [port.id]), requested);
  await refuseTaken(network, floatingIp, port, fixed.address);
  const routerId = await routerBetween(network, floatingIp, port, fixed.subnetId);
  return { portId: port.id, fixedIpAddress: fixed.address, routerId };
}

/** A floating IP leads to ports of its project, which are no ports of this service. */
export function refuseForeignPort(caller: Caller, { projectId }: FloatingIp, port: Port): void {
  if (port.projectId !== projectId && !hasGlobalAccess(caller))
    throw badResource(
      'floatingip',
      `Cannot process floating IP association with Port ${port.id}, since that port is owned by a different project`,
    );
  if (port.deviceOwner.startsWith('network:'))
    throw badResource('floatingip', `Port ${port.id} is unable to be assigned a floating IP`);
}

function chooseFixedIp({ id }: Port, held: readonly Address[], requested: string | null | undefined): Address {
  const v4 = held.filter(({ address }) => versionOf(address) === 4);
  if (requested) {
    const named = v4.find(({ address }) => address === requested);
    if (named) return named;
    throw badResource('floatingip', `Port ${id} does not have fixed ip ${requested}`);
  }
  const [only, another] = v4;
  if (!only) throw badResource('floatingip', `Cannot add floating IP to port ${id} that has no fixed IPv4 addresses`);
  if (another)
    throw badResource(
      'floatingip',
      `Port ${id} has multiple fixed IPv4 addresses.  Must provide a specific IPv4 address when assigning a floating IP`,
    );
  return only;
}

async function refuseTaken({ db }: Network, fip: FloatingIp, port: Port, fixed: string): Promise<void> {
  const taken = await floatingIpRows.where(db, {
    portId: port.id,
    fixedIpAddress: fixed,
    floatingNetworkId: fip.floatingNetworkId,
  });
  if (taken.some(({ id }) => id !== fip.id))
    throw conflict(
      `Cannot associate floating IP ${fip.floatingIpAddress} (${fip.id}) with port ${port.id} using fixed IP ${fixed}, as that fixed IP already has a floating IP on external network ${fip.floatingNetworkId}.`,
      'FloatingIPPortAlreadyAssociated',
    );
}

/**
 * Prefers the router with the subnet's gateway address, as the port's replies leave through it. Other routers must be in the
 * project of the floating IP or of the port's network.
 */
export async function routerBetween({ db }: Network, fip: FloatingIp, port: Port, subnetId: string): Promise<string> {
  const { floatingNetworkId: outsideId, projectId } = fip;
  const trustedProjects = new Set([projectId, (await networkRows.get(db, port.networkId))?.projectId]);
  const interfaces = await portRows.where(db, { networkId: port.networkId, deviceOwner: owner.routerInterface });
  const addresses = await listAddresses(
    db,
    interfaces.map(({ id }) => id),
  );
  const gatewayIp = (await subnetRows.get(db, subnetId))?.gatewayIp;
  const candidates = addresses.filter((each) => each.subnetId === subnetId);
  candidates.sort((a, b) => Number(b.address === gatewayIp) - Number(a.address === gatewayIp));
  for (const { portId, address } of candidates) {
    const routerInterface = interfaces.find(({ id }) => id === portId);
    const router = routerInterface && (await routerRows.get(db, routerInterface.deviceId));
    if (router?.gatewayNetworkId !== outsideId) continue;
    if (address === gatewayIp || trustedProjects.has(router.projectId)) return router.id;
  }
  throw missing(
    'ExternalGatewayForFloatingIPNotFound',
    `External network ${outsideId} is not reachable from subnet ${subnetId}.  Therefore, cannot associate Port ${port.id} with a Floating IP.`,
  );
}
