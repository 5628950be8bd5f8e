/** Bus calls that this service answers: from agents, and from their metadata listeners. */
import { type Off, requireHost, requireSender } from '#shared/bus/bus.ts';
import { type AddressOwner, addressOwner, networkAgent } from '#shared/contracts/network-agent.ts';
import { type RenewRouterLease, renewRouterLease } from '#shared/contracts/router-lease.ts';
import { serveAgents } from '#shared/hosts/hosts.ts';
import { findPortByAddress } from './addresses/store.ts';
import type { Network } from './context.ts';
import { renewLease } from './gateways/lease.ts';
import { openReports } from './hosts/report.ts';
import { portRows } from './ports/resource.ts';

export function openMessages(network: Network): Off[] {
  const { bus, db } = network;
  const { reported } = openReports(network);
  return [
    ...serveAgents(bus, db, networkAgent.service, reported),
    bus.onCall(renewRouterLease, async (request: RenewRouterLease['request'], sender) => {
      requireHost(sender, 'network-agent', request.host);
      return await renewLease(network, request);
    }),
    bus.onCall(addressOwner, async (request: AddressOwner['request'], sender) => {
      requireSender(sender, 'network-agent');
      return await ownerOf(network, request);
    }),
  ];
}

/** Returns the server of a bound port with this address; null for all other ports. */
async function ownerOf(
  { db }: Network,
  { networkId, address }: AddressOwner['request'],
): Promise<AddressOwner['reply']> {
  const portId = await findPortByAddress(db, networkId, address);
  const port = portId === undefined ? undefined : await portRows.get(db, portId);
  if (!port?.deviceOwner.startsWith('compute:') || port.bindingHost === '') return null;
  return { serverId: port.deviceId, projectId: port.projectId, portId: port.id };
}
