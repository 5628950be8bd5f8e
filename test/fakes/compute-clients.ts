/** The clients of other services in memory: for tests, and for benchmarks of compute alone. */
import { randomUUID } from 'node:crypto';
import type { Image } from '#shared/clients/image.ts';
import type { GroupJson, NetworkClient, NetworkJson, PortJson, SubnetJson } from '#shared/clients/network.ts';
import type { Inventory, PlacementClient } from '#shared/clients/placement.ts';
import type { AttachmentJson, SnapshotJson, VolumeClient, VolumeJson, VolumeTypeJson } from '#shared/clients/volume.ts';
import { Fault } from '#shared/errors/fault.ts';
import type { Compute } from '../../services/compute/context.ts';

type Images = Compute['images'];

const missing = (what: string, id: string) => new Fault(404, 'notFound', `${what} ${id} could not be found.`);

function found<T>(things: ReadonlyMap<string, T>, what: string, id: string): T {
  const thing = things.get(id);
  if (thing === undefined) throw missing(what, id);
  return thing;
}

/** Ids that exist but are not visible to a caller's token, only to the service's own. */
export const hidden = new Set<string>();
function seen(id: string, what: string, token: string | undefined): void {
  if (token !== undefined && hidden.has(id)) throw missing(what, id);
}
const onlySeen = <T extends { readonly id: string }>(rows: readonly T[], token: string | undefined): T[] =>
  rows.filter(({ id }) => token === undefined || !hidden.has(id));

export function fakeImages(images = new Map<string, Image>()): Images & { readonly all: Map<string, Image> } {
  return {
    all: images,
    show: async (id, token) => {
      seen(id, 'Image', token);
      return found(images, 'Image', id);
    },
    list: async ({ sort: _, limit: __, ...query }, token) =>
      onlySeen([...images.values()], token)
        .filter((each) => fits(each, query))
        .reverse(),
    create: async (image) => {
      const made = { ...image, id: randomUUID(), status: 'queued' } as unknown as Image;
      images.set(made.id, made);
      return made;
    },
    uploadNothing: async (id) => void images.set(id, { ...found(images, 'Image', id), status: 'active' }),
    remove: async (id) => void images.delete(id),
    update: async (id, patch, token) => {
      seen(id, 'Image', token);
      const image: Record<string, unknown> = { ...found(images, 'Image', id) };
      for (const { op, path, value } of patch as readonly { op: string; path: string; value?: unknown }[]) {
        if (op === 'remove') delete image[path.slice(1)];
        else image[path.slice(1)] = value;
      }
      images.set(id, image as unknown as Image);
      return image as unknown as Image;
    },
    delete: async (id, token) => {
      seen(id, 'Image', token);
      found(images, 'Image', id);
      images.delete(id);
    },
  };
}

/** Lists of what is not there; a new thing is as it was sent. */
const forward: NetworkClient['forward'] = async (path, { method = 'GET', body }) => {
  const [, kind = ''] = /^\/?([a-z]+)/.exec(path) ?? [];
  if (method === 'GET' && /\/detail$|\?/.test(path)) return { [kind]: [] } as never;
  const [[name, sent] = ['', {}]] = Object.entries((body ?? {}) as Record<string, object>);
  if (method !== 'POST') throw missing('Resource', path);
  return { [name]: { status: 'creating', name: '', ...sent, id: randomUUID() } } as never;
};

interface FakeNetwork extends NetworkClient {
  readonly networks: Map<string, NetworkJson>;
  readonly subnets: Map<string, SubnetJson & { readonly network_id: string }>;
  readonly ports: Map<string, PortJson>;
  readonly groups: Map<string, GroupJson & { readonly project_id: string }>;
}

/** Whether a row matches a query. A list of values matches any of them. */
const fits = (row: object, query: Readonly<Record<string, string | readonly string[]>>) =>
  Object.entries(query).every(([key, wanted]) => {
    const value = (row as Record<string, unknown>)[key];
    if (key !== 'fixed_ips') return [wanted].flat().includes(String(value));
    return (value as PortJson['fixed_ips']).some(({ ip_address }) => wanted === `ip_address=${ip_address}`);
  });

type Ports = FakeNetwork['ports'];

/** `statusOfNew` returns the status of a new port; default ACTIVE. */
export function fakeNetwork(statusOfNew = () => 'ACTIVE', ports: Ports = new Map()): FakeNetwork {
  const networks: FakeNetwork['networks'] = new Map();
  const subnets: FakeNetwork['subnets'] = new Map();
  const groups: FakeNetwork['groups'] = new Map();
  let last = 1;
  const hex = (value: number) => value.toString(16).padStart(2, '0');
  const nextAddress = () => {
    last += 1;
    return `10.7.${Math.floor(last / 250)}.${(last % 250) + 2}`;
  };
  const create = (options: Readonly<Record<string, unknown>>): PortJson => {
    const next = nextAddress();
    const network = found(networks, 'Network', String(options.network_id));
    const fixed = (options.fixed_ips as { ip_address: string }[] | undefined)?.[0]?.ip_address;
    const address = fixed ?? next;
    return {
      security_groups: [...groups.values()].filter(({ name }) => name === 'default').map(({ id }) => id),
      ...options,
      id: randomUUID(),
      mac_address: `fa:16:3e:00:${hex(last >> 8)}:${hex(last & 255)}`,
      status: statusOfNew(),
      fixed_ips: [{ ip_address: address, subnet_id: network.subnets[0] ?? '' }],
      'binding:vif_type': 'bridge',
      'binding:vif_details': {},
    } as unknown as PortJson;
  };
  return {
    networks,
    subnets,
    ports,
    groups,
    listBindings: async (id) => {
      const { 'binding:host_id': host = '', ...port } = found(ports, 'Port', id);
      const more = ((port as { more?: string[] }).more ?? []).map((each) => ({ host: each, status: 'INACTIVE' }));
      return [{ host, status: 'ACTIVE' }, ...more];
    },
    createBinding: async (id, { host }) => {
      const port = found(ports, 'Port', id) as PortJson & { more?: string[] };
      ports.set(id, { ...port, more: [...(port.more ?? []), host] } as PortJson);
    },
    activateBinding: async (id, host) => {
      const port = found(ports, 'Port', id) as PortJson & { more?: string[] };
      const more = [...(port.more ?? []).filter((each) => each !== host), port['binding:host_id'] ?? ''];
      ports.set(id, { ...port, more, 'binding:host_id': host } as PortJson);
    },
    removeBinding: async (id, host) => {
      const port = found(ports, 'Port', id) as PortJson & { more?: string[] };
      ports.set(id, { ...port, more: (port.more ?? []).filter((each) => each !== host) } as PortJson);
    },
    listNetworks: async (query, token) => onlySeen([...networks.values()], token).filter((each) => fits(each, query)),
    listSubnets: async (query, token) => onlySeen([...subnets.values()], token).filter((each) => fits(each, query)),
    listPorts: async (query, token) => onlySeen([...ports.values()], token).filter((each) => fits(each, query)),
    listGroups: async (query, token) => onlySeen([...groups.values()], token).filter((each) => fits(each, query)),
    listFloatingIps: async () => [],
    showNetwork: async (id, token) => {
      seen(id, 'Network', token);
      return found(networks, 'Network', id);
    },
    showPort: async (id, token) => {
      seen(id, 'Port', token);
      return found(ports, 'Port', id);
    },
    createPort: async (options) => {
      const port = create(options);
      ports.set(port.id, port);
      return port;
    },
    updatePort: async (id, change) => {
      const port = { ...found(ports, 'Port', id), ...change } as PortJson;
      const addressed = port.fixed_ips.map((ip) => ({ ...ip, ip_address: ip.ip_address ?? nextAddress() }));
      ports.set(id, { ...port, fixed_ips: addressed });
      return port;
    },
    forward,
    removePort: async (id) => void ports.delete(id),
  };
}

interface FakeVolumes extends VolumeClient {
  readonly volumes: Map<string, VolumeJson>;
  readonly attachments: Map<string, AttachmentJson>;
  readonly snapshots: Map<string, SnapshotJson>;
  readonly types: Map<string, VolumeTypeJson>;
}

/** The CHAP secret of an attachment. */
export const chapSecretOf = (attachmentId: string): string => `chap-of-${attachmentId}`;

export function fakeVolumes(
  volumes: FakeVolumes['volumes'] = new Map(),
  attachments: FakeVolumes['attachments'] = new Map(),
): FakeVolumes {
  const say = (id: string, status: string) => volumes.set(id, { ...found(volumes, 'Volume', id), status });
  const isAttached = (volume: string, instance?: string) =>
    [...attachments.values()].some(
      (each) => each.volume_id === volume && (instance === undefined || each.instance === instance),
    );
  const snapshots: FakeVolumes['snapshots'] = new Map();
  const types: FakeVolumes['types'] = new Map();
  return {
    volumes,
    attachments,
    snapshots,
    types,
    show: async (id, token) => {
      seen(id, 'Volume', token);
      return found(volumes, 'Volume', id);
    },
    showSnapshot: async (id, token) => {
      seen(id, 'Snapshot', token);
      return found(snapshots, 'Snapshot', id);
    },
    createSnapshot: async ({ volume_id }) => {
      const { size } = found(volumes, 'Volume', String(volume_id));
      const made = { id: randomUUID(), volume_id: String(volume_id), size, status: 'available' };
      snapshots.set(made.id, made);
      return made;
    },
    removeSnapshot: async (id) => void snapshots.delete(id),
    listTypes: async (token) => onlySeen([...types.values()], token),
    create: async (_projectId, options) => {
      const volume = { bootable: 'true', ...options, id: randomUUID(), status: 'available' } as unknown as VolumeJson;
      volumes.set(volume.id, volume);
      return volume;
    },
    findVolumeByMetadata: async (_projectId, mark) =>
      [...volumes.values()].find(({ metadata }) => JSON.stringify(metadata) === JSON.stringify(mark)),
    remove: async (id) => void volumes.delete(id),
    listAttachments: async ({ instance, volume }) =>
      [...attachments.values()].filter(
        (each) => each.instance === instance && (volume === undefined || each.volume_id === volume),
      ),
    createAttachment: async ({ instance_uuid, volume_uuid, mode }) => {
      const { status, multiattach } = found(volumes, 'Volume', String(volume_uuid));
      if (status !== 'available' && !multiattach && !isAttached(String(volume_uuid), String(instance_uuid)))
        throw new Fault(400, 'badRequest', `Volume ${volume_uuid} status must be available, but it is ${status}.`);
      const access_mode = String(mode);
      const made = {
        id: randomUUID(),
        instance: String(instance_uuid),
        volume_id: String(volume_uuid),
        connection_info: { access_mode },
      };
      attachments.set(made.id, made);
      if (status === 'available') say(made.volume_id, 'reserved');
      return made;
    },
    connectAttachment: async (id) => {
      const before = found(attachments, 'Attachment', id);
      const data = {
        target_portal: '127.0.0.1:3260',
        target_iqn: `iqn.fake:${before.volume_id}`,
        target_lun: 1,
        auth_method: 'CHAP',
        auth_username: `u-${id}`,
        auth_password: chapSecretOf(id),
      };
      const connected = {
        ...before,
        connection_info: { ...before.connection_info, driver_volume_type: 'iscsi', ...data },
      };
      attachments.set(id, connected);
      return connected;
    },
    completeAttachment: async (id) => void say(found(attachments, 'Attachment', id).volume_id, 'in-use'),
    forward,
    removeAttachment: async (id) => {
      const gone = attachments.get(id);
      attachments.delete(id);
      if (gone && volumes.has(gone.volume_id) && !isAttached(gone.volume_id)) say(gone.volume_id, 'available');
    },
  };
}

interface FakePlacement extends PlacementClient {
  readonly providers: Map<string, { readonly name: string; readonly inventory: Readonly<Record<string, Inventory>> }>;
  readonly claims: Map<string, { readonly providerId: string; readonly resources: Readonly<Record<string, number>> }>;
}

export function fakePlacement(
  claims: FakePlacement['claims'] = new Map(),
  providers: FakePlacement['providers'] = new Map(),
): FakePlacement {
  const roomOf = (id: string, held: FakePlacement['claims'] = claims) => {
    const used: Record<string, number> = {};
    for (const { providerId, resources } of held.values())
      if (providerId === id)
        for (const [name, amount] of Object.entries(resources)) used[name] = (used[name] ?? 0) + amount;
    const { inventory } = found(providers, 'Provider', id);
    return Object.fromEntries(
      Object.entries(inventory).map(([name, { total, reserved, allocation_ratio: ratio }]) => [
        name,
        { capacity: Math.floor((total - reserved) * ratio), used: used[name] ?? 0 },
      ]),
    );
  };
  const hasRoom = (id: string, resources: Readonly<Record<string, number>>, held = claims) => {
    const rooms = roomOf(id, held);
    return Object.entries(resources).every(
      ([name, amount]) => (rooms[name]?.capacity ?? 0) - (rooms[name]?.used ?? 0) >= amount,
    );
  };
  return {
    providers,
    claims,
    candidates: async (resources) =>
      new Map([...providers.keys()].filter((id) => hasRoom(id, resources)).map((id) => [id, roomOf(id)])),
    usageOfProvider: async (id) => (providers.has(id) ? roomOf(id) : undefined),
    allocate: async ({ consumerId, providerId, resources }) => {
      if (!claims.has(consumerId) && !hasRoom(providerId, resources)) return false;
      claims.set(consumerId, { providerId, resources });
      return true;
    },
    allocateAll: async (wanted) => {
      const after = new Map(claims);
      for (const { consumerId } of wanted) after.delete(consumerId);
      for (const claim of wanted) {
        if (claim.providerId === null) continue;
        if (!hasRoom(claim.providerId, claim.resources, after)) return false;
        after.set(claim.consumerId, claim);
      }
      for (const { consumerId } of wanted) {
        const claim = after.get(consumerId);
        if (claim === undefined) claims.delete(consumerId);
        else claims.set(consumerId, { providerId: claim.providerId, resources: claim.resources });
      }
      return true;
    },
    deallocate: async (id) => void claims.delete(id),
    ensureProvider: async (id, name, inventory) => void providers.set(id, { name, inventory }),
    removeProvider: async (id) => void providers.delete(id),
  };
}
