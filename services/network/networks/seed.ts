/** Creates the external network of a new cloud. */
import type { Caller } from '#shared/auth/caller.ts';
import { everythingAllowed } from '#shared/auth/policy.ts';
import { parseCreate } from '#shared/resource/body.ts';
import { atomically, type Network } from '../context.ts';
import { findFact, upsertFact } from '../hosts/store.ts';
import { createSubnet } from '../subnets/operations.ts';
import { type NewSubnet, subnets } from '../subnets/resource.ts';
import { createNetwork } from './operations.ts';
import { type NewNetwork, networks } from './resource.ts';

const seeded = 'external-network';

/** Runs once in the life of a cloud, so a deleted network does not come back. `projectOf` returns the id of the owning project. */
export async function seedExternal(network: Network, projectOf: () => Promise<string>): Promise<void> {
  const { config, db } = network;
  if (config.external === '' || (await findFact(db, seeded)) !== undefined) return;
  const projectId = await projectOf();
  await atomically(network, async (within) => {
    if ((await findFact(within.db, seeded)) !== undefined) return;
    const row = await createNetwork(within, itself, networkInput(network), projectId);
    await createSubnet(within, itself, subnetInput(network, row.id), projectId);
    await upsertFact(within.db, seeded, row.id);
    network.log.info({ networkId: row.id, cidr: config.externalCidr }, 'created the external network');
  });
}

const networkInput = ({ config }: Network): NewNetwork =>
  parseCreate(networks.attributes, {
    name: config.external,
    'router:external': true,
    is_default: true,
    'provider:network_type': 'flat',
    'provider:physical_network': config.flatNetworks[0] ?? config.external,
  });

function subnetInput({ config }: Network, networkId: string): NewSubnet {
  const [start, end] = config.externalPool.split('-').map((part) => part.trim());
  return parseCreate(subnets.attributes, {
    name: `${config.external}-subnet`,
    network_id: networkId,
    ip_version: 4,
    cidr: config.externalCidr,
    gateway_ip: config.externalGateway,
    enable_dhcp: false,
    ...(start && end ? { allocation_pools: [{ start, end }] } : {}),
  });
}

/** The caller of actions that this service takes by itself. */
const itself: Caller = {
  userId: '',
  userName: 'network',
  userDomainId: 'default',
  projectId: null,
  projectName: null,
  projectDomainId: null,
  domainId: null,
  system: true,
  roles: [],
  serviceRoles: [],
  token: '',
  requestId: '',
  policy: everythingAllowed,
};
