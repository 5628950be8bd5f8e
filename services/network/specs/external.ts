import type { ExternalSpec } from '#shared/contracts/network-agent.ts';
import { cidrOf } from '#shared/net/addresses.ts';
import type { Network } from '../context.ts';
import { isGatewayHost } from '../gateways/choose-host.ts';
import { networkRows } from '../networks/resource.ts';
import { subnetRows } from '../subnets/resource.ts';
import { segmentOn } from './segment.ts';

export const externalId = (networkId: string): string => `${networkId}/external`;

/** Undefined unless the network is external and flat and the host is a gateway host. */
export async function externalSpec(
  network: Network,
  host: string,
  networkId: string,
): Promise<ExternalSpec | undefined> {
  const { db, config } = network;
  const net = await networkRows.get(db, networkId);
  if (!net?.external || net.networkType !== 'flat' || !(await isGatewayHost(network, host))) return undefined;
  const subnets = await subnetRows.where(db, { networkId });
  const v4 = subnets.find(({ ipVersion, gatewayIp }) => ipVersion === 4 && gatewayIp !== null);
  const hostAddress = v4 && config.externalOnHost ? `${v4.gatewayIp}/${cidrOf(v4.cidr)?.prefix}` : null;
  return {
    id: externalId(networkId),
    segment: await segmentOn(network, net, host),
    hostAddress,
    masquerade: config.masquerade,
  };
}
