import { listAddresses } from '../addresses/store.ts';
import { fixedIpViews } from '../addresses/view.ts';
import type { Network } from '../context.ts';
import { refusedOf } from '../host-sync/store.ts';
import { listHosts } from '../hosts/store.ts';
import type { Router } from './resource.ts';

/** The gateways of routers, with their addresses. */
export async function routerRelations({ db }: Network, rows: readonly Router[]) {
  const portIds = rows.flatMap(({ gatewayPortId }) => gatewayPortId ?? []);
  const addresses = Map.groupBy(await listAddresses(db, portIds), ({ portId }) => portId);
  const refused = await refusedOf(
    db,
    rows.map(({ id }) => id),
  );
  const zones = new Map((await listHosts(db)).map((each) => [each.host, each.availabilityZone]));
  return ({ id, gatewayNetworkId, gatewayPortId, enableSnat, host }: Router) => ({
    externalGatewayInfo:
      gatewayNetworkId === null
        ? null
        : {
            network_id: gatewayNetworkId,
            external_fixed_ips: fixedIpViews(addresses.get(gatewayPortId ?? '') ?? []),
            enable_snat: enableSnat,
          },
    refused: refused.get(id),
    availabilityZones: [zones.get(host) ?? []].flat(),
  });
}
