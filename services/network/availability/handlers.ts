/** How many addresses a network has, and how many of them are allocated. */
import { type Handler, ok } from '#shared/http/route.ts';
import { poolSize } from '../addresses/pools.ts';
import { countTaken } from '../addresses/store.ts';
import type { Network } from '../context.ts';
import { type NetworkRow, networkAttributes, networkRows } from '../networks/store.ts';
import { listingOf } from '../resources/query.ts';
import { type Subnet, subnetsOf } from '../subnets/store.ts';

async function availabilities({ db }: Network, networks: readonly NetworkRow[], version?: string) {
  const ids = networks.map(({ id }) => id);
  const subnets = (await subnetsOf(db, ids)).filter(
    ({ ipVersion }) => version === undefined || String(ipVersion) === version,
  );
  const taken = await countTaken(
    db,
    subnets.map(({ id }) => id),
  );
  const of = Map.groupBy(subnets, ({ networkId }) => networkId);
  return networks.map((network) => availabilityView(network, of.get(network.id) ?? [], taken));
}

/** Counts above 2^53 are rounded, as numbers in JSON are. */
function availabilityView(network: NetworkRow, subnets: readonly Subnet[], taken: ReadonlyMap<string, number>) {
  const parts = subnets.map((subnet) => ({
    subnet_id: subnet.id,
    subnet_name: subnet.name,
    ip_version: subnet.ipVersion,
    cidr: subnet.cidr,
    total_ips: Number(poolSize(subnet.allocationPools)),
    used_ips: taken.get(subnet.id) ?? 0,
  }));
  return {
    network_id: network.id,
    network_name: network.name,
    project_id: network.projectId,
    tenant_id: network.projectId,
    total_ips: parts.reduce((sum, { total_ips }) => sum + total_ips, 0),
    used_ips: parts.reduce((sum, { used_ips }) => sum + used_ips, 0),
    subnet_ip_availability: parts,
  };
}

const attributes = {
  network_id: networkAttributes.id,
  network_name: networkAttributes.name,
  project_id: networkAttributes.project_id,
  tenant_id: networkAttributes.tenant_id,
};

/** `ip_version` restricts the counts to subnets of one family. */
export const listAvailabilities: Handler<Network> = async (network, call) => {
  const { ip_version: version, ...queries } = call.queries;
  const known = Object.entries(attributes).filter((entry) => entry[1] !== undefined);
  const listing = listingOf({ query: call.query, queries }, Object.fromEntries(known) as typeof networkAttributes);
  const networks = await networkRows.list(network.db, call.caller, listing);
  return ok({ network_ip_availabilities: await availabilities(network, networks, version?.[0]) });
};

export const showAvailability: Handler<Network, unknown, 'id'> = async (network, { caller, params }) => {
  const found = await networkRows.find(network.db, caller, params.id);
  const [network_ip_availability] = await availabilities(network, [found]);
  return ok({ network_ip_availability });
};
