import type { Call } from '#shared/http/route.ts';
import { poolSize } from '../addresses/pools.ts';
import { countTaken } from '../addresses/store.ts';
import type { Network } from '../context.ts';
import type { Subnet } from '../subnets/resource.ts';
import { subnetsOf } from '../subnets/store.ts';
import type { Availability } from './resource.ts';

/** The counts of the subnets of networks. */
export async function subnetCounts({ db }: Network, rows: readonly Availability[], { queries }: Pick<Call, 'queries'>) {
  const { ip_version: versions } = queries;
  const subnets = (
    await subnetsOf(
      db,
      rows.map(({ id }) => id),
    )
  ).filter(({ ipVersion }) => versions === undefined || versions.includes(String(ipVersion)));
  const taken = await countTaken(
    db,
    subnets.map(({ id }) => id),
  );
  const ofNetwork = Map.groupBy(subnets, ({ networkId }) => networkId);
  return ({ id }: Availability) => {
    const parts = (ofNetwork.get(id) ?? []).map((subnet) => partView(subnet, taken.get(subnet.id) ?? 0));
    return {
      totalIps: parts.reduce((sum, { total_ips }) => sum + total_ips, 0),
      usedIps: parts.reduce((sum, { used_ips }) => sum + used_ips, 0),
      subnetIpAvailability: parts,
    };
  };
}

const partView = ({ id, name, ipVersion, cidr, allocationPools }: Subnet, used: number) => ({
  subnet_id: id,
  subnet_name: name,
  ip_version: ipVersion,
  cidr,
  total_ips: Number(poolSize(allocationPools)),
  used_ips: used,
});
