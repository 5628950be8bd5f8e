/**
 * Everything of other services that a request may name, looked up with the caller's own token. What is not resolved here
 * is not used: rows hold only ids that went through this file, for the steps that use them act with the service's rights.
 */
import type { Caller } from '#shared/auth/caller.ts';
import { badRequest, Fault } from '#shared/errors/fault.ts';
import { diskRefusal } from '#shared/images/formats.ts';
import type { Compute } from '../context.ts';
import type {
  GroupJson,
  Image,
  NetworkJson,
  PortJson,
  SnapshotJson,
  SubnetJson,
  VolumeJson,
} from '../drivers/clients.ts';

/** A Fault for what the caller may not see, which is the same as what is not there. */
type NotFoundFault = () => Fault;

export interface References {
  image(id: string): Promise<Image>;
  volume(id: string, missing: NotFoundFault): Promise<VolumeJson>;
  snapshot(id: string, missing: NotFoundFault): Promise<SnapshotJson>;
  /** By id or name; gives the id. */
  volumeType(idOrName: string): Promise<string>;
  network(id: string): Promise<NetworkJson>;
  subnetsOf(networkId: string): Promise<readonly SubnetJson[]>;
  port(id: string): Promise<PortJson>;
  /** As far as the caller sees them: all of a network of one's own, the own ones of a shared one. */
  portsAt(networkId: string, address: string): Promise<readonly PortJson[]>;
  ownNetworks(): Promise<readonly NetworkJson[]>;
  sharedNetworks(): Promise<readonly NetworkJson[]>;
  groupsOf(projectId: string): Promise<readonly GroupJson[]>;
}

export function referencesOf({ images, volumes, network }: Compute, { token, projectId }: Caller): References {
  return {
    image: async (id) => usable(await orMissing(images.show(id, token), () => noSuch('Image', id))),
    volume: (id, missing) => orMissing(volumes.show(id, token), missing),
    snapshot: (id, missing) => orMissing(volumes.showSnapshot(id, token), missing),
    volumeType: async (idOrName) => {
      const types = await volumes.listTypes(token);
      const found = types.find(({ id }) => id === idOrName) ?? types.find(({ name }) => name === idOrName);
      if (!found) throw noSuch('Volume type', idOrName);
      return found.id;
    },
    network: (id) => orMissing(network.showNetwork(id, token), () => noSuch('Network', id)),
    subnetsOf: (networkId) => network.listSubnets({ network_id: networkId }, token),
    port: (id) => orMissing(network.showPort(id, token), () => noSuch('Port id', id)),
    portsAt: (networkId, address) =>
      network.listPorts({ network_id: networkId, fixed_ips: `ip_address=${address}` }, token),
    ownNetworks: () => network.listNetworks({ project_id: projectId ?? '' }, token),
    sharedNetworks: () => network.listNetworks({ shared: 'true' }, token),
    groupsOf: (project) => network.listGroups({ project_id: project }, token),
  };
}

const noSuch = (what: string, id: string) => badRequest(`${what} ${id} could not be found.`);

async function orMissing<T>(looking: Promise<T>, missing: NotFoundFault): Promise<T> {
  return looking.catch((error: unknown) => {
    if (error instanceof Fault && error.status === 404) throw missing();
    throw error;
  });
}

/** What a host can read and was inspected when it was uploaded: nothing else becomes a disk. */
function usable(image: Image): Image {
  if (image.status !== 'active') throw badRequest(`Image ${image.id} is not active.`);
  const reason = diskRefusal(image);
  if (reason !== undefined) throw badRequest(reason);
  return image;
}
