import type { Network } from '../context.ts';
import { forwardingsOf } from '../port-forwardings/view.ts';
import { type Port, portRows } from '../ports/resource.ts';
import type { FloatingIp } from './resource.ts';

/** The ports behind floating IPs, and their port forwardings. */
export async function floatingIpRelations(network: Network, rows: readonly FloatingIp[]) {
  const { db } = network;
  const forwardings = await forwardingsOf(
    network,
    rows.map(({ id }) => id),
  );
  const portIds = rows.flatMap(({ portId }) => portId ?? []);
  const ports = new Map((await portRows.whereIn(db, 'id', portIds)).map((port) => [port.id, port]));
  return ({ id, portId }: FloatingIp) => {
    const port = ports.get(portId ?? '');
    return { portDetails: port ? portDetails(port) : null, portForwardings: forwardings(id) };
  };
}

const portDetails = (port: Port) => ({
  name: port.name,
  network_id: port.networkId,
  mac_address: port.macAddress,
  admin_state_up: port.adminStateUp,
  status: port.status,
  device_id: port.deviceId,
  device_owner: port.deviceOwner,
});
