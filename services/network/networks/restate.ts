/** Which hosts hear of a change of a network. */
import type { Network } from '../context.ts';
import { bumpPorts, type DirtyTarget, markDirty } from '../host-sync/store.ts';
import { gatewayHost } from '../hosts/gateway-host.ts';
import { boundPorts, owner } from '../ports/store.ts';
import type { NetworkRow } from './store.ts';

/** The wire of an external flat network is the business of one host. */
export async function restateExternal(network: Network, { id, networkType }: NetworkRow): Promise<void> {
  if (networkType === 'flat')
    await markDirty(network.db, [{ host: await gatewayHost(network), kind: 'external', subject: id }]);
}

/** Every host that has the network hears of every port there. */
export async function restateNetwork({ db }: Network, networkId: string): Promise<void> {
  const ports = await boundPorts(db, networkId);
  await markDirty(
    db,
    ports.map(dirtyTargetOf(networkId)).filter((each) => each !== undefined),
  );
}

/**
 * A host came to a network, or left it: the others must know where to send. One request per host carries that, and
 * whatever is on its way was made without the news, so it goes again.
 */
export async function restatePeers({ db }: Network, networkId: string): Promise<void> {
  const ports = await boundPorts(db, networkId);
  const targets = ports.map(dirtyTargetOf(networkId)).filter((each) => each !== undefined);
  const guests = new Map(targets.filter(({ kind }) => kind === 'port').map((each) => [each.host, each]));
  await markDirty(db, [...targets.filter(({ kind }) => kind !== 'port'), ...guests.values()]);
  await bumpPorts(db, networkId);
}

type Bound = Awaited<ReturnType<typeof boundPorts>>[number];

/** The request that carries a port to its host. */
export const dirtyTargetOf =
  (networkId: string) =>
  ({ id, deviceId, deviceOwner, bindingHost: host }: Bound): DirtyTarget | undefined => {
    if (deviceOwner === owner.dhcp) return { host, kind: 'dhcp', subject: networkId };
    if (deviceOwner === owner.routerInterface || deviceOwner === owner.routerGateway)
      return { host, kind: 'router', subject: deviceId };
    return deviceOwner === owner.floatingIp ? undefined : { host, kind: 'port', subject: id };
  };
