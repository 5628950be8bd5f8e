/**
 * Resolves every reference of a request to other services with the caller's token. Rows hold only ids that were resolved
 * here, since workflow steps use them with the rights of the service.
 */
import type { Caller } from '#shared/auth/caller.ts';
import type { Image } from '#shared/clients/image.ts';
import type { GroupJson, NetworkJson, PortJson, SubnetJson } from '#shared/clients/network.ts';
import type { SnapshotJson, VolumeJson } from '#shared/clients/volume.ts';
import { badRequest, Fault } from '#shared/errors/fault.ts';
import { diskRefusal } from '#shared/images/formats.ts';
import type { Compute } from '../context.ts';

/** The Fault for a resource that does not exist or is not visible to the caller. */
type NotFoundFault = () => Fault;

export interface References {
  image(id: string): Promise<Image>;
  volume(id: string, missing: NotFoundFault): Promise<VolumeJson>;
  snapshot(id: string, missing: NotFoundFault): Promise<SnapshotJson>;
  /** By id or name; returns the id. */
  volumeType(idOrName: string): Promise<string>;
  network(id: string): Promise<NetworkJson>;
  subnetsOf(networkId: string): Promise<readonly SubnetJson[]>;
  port(id: string): Promise<PortJson>;
  /** Those that are visible to the caller: all ports of its own network, its own ports of a shared one. */
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

/** Only images in a format that is inspected at the upload and that hosts can read become disks. */
function usable(image: Image): Image {
  if (image.status !== 'active') throw badRequest(`Image ${image.id} is not active.`);
  const reason = diskRefusal(image);
  if (reason !== undefined) throw badRequest(reason);
  return image;
}
