import { bridgeName } from '#shared/contracts/names.ts';
import type { Segment } from '#shared/contracts/network-agent.ts';
import type { Network } from '../context.ts';
import { listHosts } from '../hosts/store.ts';
import type { NetworkRow } from '../networks/resource.ts';
import { allHostsOf } from '../ports/store.ts';

/** The segment of a network on one host: its number, its bridge, and the addresses of the other hosts. */
export async function segmentOn({ db, cloudId }: Network, net: NetworkRow, host: string): Promise<Segment> {
  return {
    networkId: net.id,
    type: net.networkType,
    id: net.segmentationId,
    physical: net.physicalNetwork,
    bridge: bridgeName(cloudId, net.id),
    mtu: net.mtu,
    peers: net.networkType === 'vxlan' ? await peersOf(db, net.id, host) : [],
  };
}

async function peersOf(db: Network['db'], networkId: string, host: string): Promise<string[]> {
  const hosts = new Set(await allHostsOf(db, networkId));
  hosts.delete(host);
  if (hosts.size === 0) return [];
  const others = (await listHosts(db)).filter((each) => hosts.has(each.host));
  return [...new Set(others.map(({ tunnelAddress }) => tunnelAddress))].sort(byText);
}

const byText = (one: string, other: string): number => (one < other ? -1 : Number(one > other));
