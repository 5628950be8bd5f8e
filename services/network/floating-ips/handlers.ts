import type { Network } from '../context.ts';
import { type Port, portRows } from '../ports/store.ts';
import { handlersOf, type Kind } from '../resources/handlers.ts';
import { standardView } from '../resources/view.ts';
import { createFloatingIp, type FloatingIpInput, removeFloatingIp, updateFloatingIp } from './operations.ts';
import { type FloatingIp, floatingIpAttributes, floatingIpRows } from './store.ts';

const floatingIpKind: Kind<FloatingIp, FloatingIpInput> = {
  one: 'floatingip',
  many: 'floatingips',
  attributes: floatingIpAttributes,
  rows: floatingIpRows,
  views: async ({ db }: Network, rows) => {
    const portIds = rows.flatMap(({ portId }) => portId ?? []);
    const ports = new Map((await portRows.whereIn(db, 'id', portIds)).map((port) => [port.id, port]));
    return rows.map((row) => floatingIpView(row, ports.get(row.portId ?? '')));
  },
  create: createFloatingIp,
  update: updateFloatingIp,
  remove: removeFloatingIp,
};

function floatingIpView(row: FloatingIp, port: Port | undefined) {
  const { name: _, ...standard } = standardView(row);
  return {
    ...standard,
    floating_ip_address: row.floatingIpAddress,
    floating_network_id: row.floatingNetworkId,
    router_id: row.routerId,
    port_id: row.portId,
    fixed_ip_address: row.fixedIpAddress,
    status: row.status,
    qos_policy_id: null,
    port_forwardings: [],
    port_details: port ? portDetails(port) : null,
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

export const floatingIps = handlersOf(floatingIpKind);
