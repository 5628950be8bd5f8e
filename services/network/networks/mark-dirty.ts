/** Marks the hosts affected by a change of a network as dirty. */
import type { Network } from '../context.ts';
import { gatewayHosts } from '../gateways/choose-host.ts';
import { type DirtyTarget, markDirty, outdatePortSpecs } from '../host-sync/store.ts';
import { owner } from '../ports/resource.ts';
import { boundPorts } from '../ports/store.ts';
import type { NetworkRow } from './resource.ts';

/** An external flat network concerns only the gateway hosts. */
export async function markExternalDirty(network: Network, { id, networkType }: NetworkRow): Promise<void> {
  if (networkType !== 'flat') return;
  const hosts = await gatewayHosts(network);
  await markDirty(
    network.db,
    hosts.map(({ host }) => ({ host, kind: 'external', subject: id })),
  );
}

/** Marks every bound port of the network. */
export async function markNetworkDirty({ db }: Network, networkId: string): Promise<void> {
  const ports = await boundPorts(db, networkId);
  await markDirty(
    db,
    ports.map(dirtyTargetOf(networkId)).filter((each) => each !== undefined),
  );
}

/**
 * For a host that joined or left a network: the others need the new list of peers. One port spec per host carries it; specs that
 * are being sent have the old list, so they become outdated.
 */
export async function markPeersDirty({ db }: Network, networkId: string): Promise<void> {
  const ports = await boundPorts(db, networkId);
  const targets = ports.map(dirtyTargetOf(networkId)).filter((each) => each !== undefined);
  const guests = new Map(targets.filter(({ kind }) => kind === 'port').map((each) => [each.host, each]));
  await markDirty(db, [...targets.filter(({ kind }) => kind !== 'port'), ...guests.values()]);
  await outdatePortSpecs(db, networkId);
}

type Bound = Awaited<ReturnType<typeof boundPorts>>[number];

/** The spec that contains a port. */
export const dirtyTargetOf =
  (networkId: string) =>
  ({ id, deviceId, deviceOwner, bindingHost: host }: Bound): DirtyTarget | undefined => {
    if (deviceOwner === owner.dhcp) return { host, kind: 'dhcp', subject: networkId };
    if (deviceOwner === owner.routerInterface || deviceOwner === owner.routerGateway)
      return { host, kind: 'router', subject: deviceId };
    return deviceOwner === owner.floatingIp ? undefined : { host, kind: 'port', subject: id };
  };
