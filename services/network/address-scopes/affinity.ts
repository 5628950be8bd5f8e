/** All subnets of a network that have one IP version are of one address scope or, without one, from one subnet pool. */
import { badRequest } from '#shared/errors/fault.ts';
import type { Network } from '../context.ts';
import { type SubnetPool, subnetPools } from '../subnet-pools/resource.ts';
import { type Subnet, subnetRows } from '../subnets/resource.ts';

/** The address scope of each subnet whose pool has one. */
export async function scopesOf({ db }: Network, subnets: readonly Subnet[]): Promise<ReadonlyMap<string, string>> {
  const poolIds = new Set(subnets.flatMap(({ subnetpoolId }) => subnetpoolId ?? []));
  const pools = new Map((await subnetPools.rows.whereIn(db, 'id', [...poolIds])).map((pool) => [pool.id, pool]));
  return new Map(
    subnets.flatMap(({ id, subnetpoolId }) => {
      const scopeId = pools.get(subnetpoolId ?? '')?.addressScopeId;
      return scopeId ? [[id, scopeId] as const] : [];
    }),
  );
}

const mixed = () =>
  badRequest(
    'Subnets of the same address family hosted on the same network must all participate in the same address scope.',
    'NetworkAddressScopeAffinityError',
  );

/** For a new subnet from the pool on that network: the others are of the same scope or, without one, from the same pool. */
export async function refuseSecondPool(network: Network, networkId: string, pool: SubnetPool): Promise<void> {
  const siblings = await subnetRows.where(network.db, { networkId, ipVersion: pool.ipVersion });
  const [scopeId] = (await scopesOf(network, siblings)).values();
  if (scopeId !== undefined && pool.addressScopeId !== scopeId) throw mixed();
  if (scopeId === undefined && siblings.some(({ subnetpoolId }) => subnetpoolId !== pool.id))
    throw badRequest(
      'Subnets hosted on the same network must be allocated from the same subnet pool.',
      'NetworkSubnetPoolAffinityError',
    );
}

/** For a pool that gets another scope: its subnets are alone on their networks. */
export async function refuseSplitNetworks({ db }: Network, { id, ipVersion }: SubnetPool): Promise<void> {
  const own = await subnetRows.where(db, { subnetpoolId: id });
  const networkIds = [...new Set(own.map(({ networkId }) => networkId))];
  const all = (await subnetRows.whereIn(db, 'networkId', networkIds)).filter((each) => each.ipVersion === ipVersion);
  if (all.some(({ subnetpoolId }) => subnetpoolId !== id)) throw mixed();
}
