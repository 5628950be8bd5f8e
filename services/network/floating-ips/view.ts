import type { Network } from '../context.ts';
import { type Port, portRows } from '../ports/resource.ts';
import type { FloatingIp } from './resource.ts';

/** The ports behind floating IPs. */
export async function floatingIpRelations({ db }: Network, rows: readonly FloatingIp[]) {
  const portIds = rows.flatMap(({ portId }) => portId ?? []);
  const ports = new Map((await portRows.whereIn(db, 'id', portIds)).map((port) => [port.id, port]));
  return ({ portId }: FloatingIp) => {
    const port = ports.get(portId ?? '');
    return { portDetails: port ? portDetails(port) : null };
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
