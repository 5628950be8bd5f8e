/** Which hosts hear of a change of a network. */
import type { Network } from '../context.ts';
import { wayOut } from '../hosts/way-out.ts';
import { boundPorts, owner } from '../ports/store.ts';
import { bumpPorts, type Mark, mark } from '../statements/store.ts';
import type { NetworkRow } from './store.ts';

/** The wire of an external flat network is the business of one host. */
export async function restateExternal(network: Network, { id, networkType }: NetworkRow): Promise<void> {
  if (networkType === 'flat') await mark(network.db, [{ host: await wayOut(network), kind: 'external', subject: id }]);
}

/** Every host that has the network hears of every port there. */
export async function restateNetwork({ db }: Network, networkId: string): Promise<void> {
  const ports = await boundPorts(db, networkId);
  await mark(
    db,
    ports.map(markOf(networkId)).filter((each) => each !== undefined),
  );
}

/**
 * A host came to a network, or left it: the others must know where to send. One wish per host carries that, and
 * whatever is on its way was made without the news, so it goes again.
 */
export async function restatePeers({ db }: Network, networkId: string): Promise<void> {
  const ports = await boundPorts(db, networkId);
  const marks = ports.map(markOf(networkId)).filter((each) => each !== undefined);
  const guests = new Map(marks.filter(({ kind }) => kind === 'port').map((each) => [each.host, each]));
  await mark(db, [...marks.filter(({ kind }) => kind !== 'port'), ...guests.values()]);
  await bumpPorts(db, networkId);
}

type Bound = Awaited<ReturnType<typeof boundPorts>>[number];

/** The wish that carries a port to its host. */
export const markOf =
  (networkId: string) =>
  ({ id, deviceId, deviceOwner, bindingHost: host }: Bound): Mark | undefined => {
    if (deviceOwner === owner.dhcp) return { host, kind: 'dhcp', subject: networkId };
    if (deviceOwner === owner.routerInterface || deviceOwner === owner.routerGateway)
      return { host, kind: 'router', subject: deviceId };
    return deviceOwner === owner.floatingIp ? undefined : { host, kind: 'port', subject: id };
  };
