/** What this service reacts to on the bus: the agents' questions, and the metadata door's. */
import { type Off, requireSender } from '#shared/bus/bus.ts';
import { type AddressOwner, addressOwner, networkAgent } from '#shared/contracts/network-agent.ts';
import { answerAgents } from '#shared/hosts/hosts.ts';
import { portAt } from './addresses/store.ts';
import type { Network } from './context.ts';
import { openReports } from './hosts/report.ts';
import { portRows } from './ports/store.ts';

export function openMessages(network: Network): Off[] {
  const { bus, db } = network;
  const { reported } = openReports(network);
  return [
    ...answerAgents(bus, db, networkAgent.service, reported),
    bus.onCall(addressOwner, async (request: AddressOwner['request'], sender) => {
      requireSender(sender, 'network-agent');
      return await ownerOf(network, request);
    }),
  ];
}

/** Only servers may ask for their metadata. */
async function ownerOf(
  { db }: Network,
  { networkId, address }: AddressOwner['request'],
): Promise<AddressOwner['reply']> {
  const portId = await portAt(db, networkId, address);
  const port = portId === undefined ? undefined : await portRows.get(db, portId);
  if (!port?.deviceOwner.startsWith('compute:') || port.bindingHost === '') return null;
  return { serverId: port.deviceId, projectId: port.projectId, portId: port.id };
}
