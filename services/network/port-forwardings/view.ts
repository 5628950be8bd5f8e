import type { Network } from '../context.ts';
import { portsView } from './ranges.ts';
import { type PortForwarding, portForwardings } from './resource.ts';

export const forwardingRelations = async (_network: Network, _rows: readonly PortForwarding[]) => portsView;

/** What clients see of the port forwardings of floating IPs, by floating IP. */
export async function forwardingsOf({ db }: Network, floatingIpIds: readonly string[]) {
  const rows = await portForwardings.rows.whereIn(db, 'floatingipId', floatingIpIds);
  const byFloatingIp = Map.groupBy(rows, ({ floatingipId }) => floatingipId);
  return (id: string) =>
    (byFloatingIp.get(id) ?? []).map((row) => {
      const { externalPort, internalPort, externalPortRange, internalPortRange } = portsView(row);
      return {
        ...{ id: row.id, protocol: row.protocol, internal_ip_address: row.internalIpAddress },
        internal_port_id: row.internalPortId,
        ...{ external_port: externalPort, internal_port: internalPort },
        ...(externalPort === undefined ? { external_port_range: externalPortRange } : {}),
        ...(internalPort === undefined ? { internal_port_range: internalPortRange } : {}),
      };
    });
}
