import { bridgeName } from '#shared/contracts/names.ts';
import type { Segment } from '#shared/contracts/network-agent.ts';
import type { Network } from '../context.ts';
import { listHosts } from '../hosts/store.ts';
import type { NetworkRow } from '../networks/store.ts';
import { allHostsOf } from '../ports/store.ts';

/** A network as one host sees it: its number, its bridge, and where the other hosts are. */
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
  const there = new Set(await allHostsOf(db, networkId));
  there.delete(host);
  if (there.size === 0) return [];
  const others = (await listHosts(db)).filter((each) => there.has(each.host));
  return [...new Set(others.map(({ tunnelAddress }) => tunnelAddress))].sort(byText);
}

const byText = (one: string, other: string): number => (one < other ? -1 : Number(one > other));
