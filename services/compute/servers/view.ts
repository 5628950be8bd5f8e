import { createHash } from 'node:crypto';
import { longTime, shortTime } from '#shared/api/times.ts';
import { atLeast, since, type Version, view } from '#shared/api/versions.ts';
import type { Attachment } from '../attachments/store.ts';
import { bookmarkOf, linksOf } from '../dialect.ts';
import { powerNumber, statusOf } from './states.ts';
import type { Address, FlavorCopy, Server } from './store.ts';

/** The input of a server's view. */
export interface ServerViewInput {
  readonly server: Server;
  readonly volumes: readonly Attachment[];
  /** The caller may see the host (os_compute_api:os-extended-server-attributes). */
  readonly admin: boolean;
  readonly hostStatus: string;
  /** http://10.0.0.1:8774 */
  readonly base: string;
}

/** An opaque id of the host that differs by project. */
export const hostIdOf = ({ host, projectId }: Pick<Server, 'host' | 'projectId'>): string =>
  host === null ? '' : createHash('sha224').update(`${projectId}${host}`).digest('hex');

const instanceName = ({ sequence, host }: Server): string =>
  host === null ? '' : `instance-${sequence.toString(16).padStart(8, '0')}`;

const inProgress = new Set(['ACTIVE', 'BUILD']);

const imageView = ({ server: { image }, base }: ServerViewInput) =>
  image === null ? '' : { id: image.id, links: [bookmarkOf(base, 'images', image.id)] };

const embeddedFlavor = (flavor: FlavorCopy) => ({
  vcpus: flavor.vcpus,
  ram: flavor.ramMb,
  disk: flavor.diskGb,
  ephemeral: flavor.ephemeralGb,
  swap: flavor.swapMb,
  original_name: flavor.name,
  extra_specs: flavor.extraSpecs,
});

/** Only in ERROR and DELETED, as in Nova; otherwise the reason is in the instance action. */
function faultView({ server: { vmState, fault }, admin }: ServerViewInput) {
  if (fault === null || (vmState !== 'error' && vmState !== 'deleted')) return undefined;
  const { code, message, created, details } = fault;
  const more = details !== undefined && (admin || code !== 500) ? { details } : {};
  return { code, message, created: shortTime(created), ...more };
}

const plainAddress = ({ version, addr }: Address) => ({ version, addr });
const fullAddress = (address: Address) => ({
  ...plainAddress(address),
  'OS-EXT-IPS:type': address.type,
  'OS-EXT-IPS-MAC:mac_addr': address.mac,
});

export const addressesView = (server: Server, each: (address: Address) => unknown = plainAddress) =>
  Object.fromEntries(Object.entries(server.addresses).map(([label, found]) => [label, found.map(each)]));

/** The response of a PUT before 2.75; all other views have more. */
const core = view<ServerViewInput>(
  since('2.1', (input) => {
    const { server, base } = input;
    const status = statusOf(server);
    return {
      id: server.id,
      name: server.name,
      status,
      tenant_id: server.projectId,
      user_id: server.userId,
      metadata: server.metadata,
      hostId: hostIdOf(server),
      image: imageView(input),
      flavor: { id: server.flavorId, links: [bookmarkOf(base, 'flavors', server.flavorId)] },
      created: shortTime(server.createdAt),
      updated: shortTime(server.updatedAt),
      addresses: addressesView(server),
      accessIPv4: server.accessIpv4,
      accessIPv6: server.accessIpv6,
      links: linksOf(base, 'servers', server.id),
      'OS-DCF:diskConfig': server.diskConfig,
      progress: inProgress.has(status) ? 0 : undefined,
      fault: faultView(input),
    };
  }),
  since('2.9', ({ server }) => ({ locked: server.lockedBy !== null })),
  since('2.19', ({ server }) => ({ description: server.description })),
  since('2.26', ({ server }) => ({ tags: server.tags })),
  since('2.47', ({ server }) => ({ flavor: embeddedFlavor(server.flavor) })),
  since('2.63', () => ({ trusted_image_certificates: null })),
  since('2.73', ({ server }) => ({ locked_reason: server.lockedReason })),
  since('2.96', ({ server }) => ({ pinned_availability_zone: server.wantedZone })),
  since('2.98', (input) => ({
    image:
      input.server.image === null ? '' : { ...(imageView(input) as object), properties: input.server.image.properties },
  })),
  since('2.100', ({ server }) => ({ scheduler_hints: server.hints })),
);

const extended = view<ServerViewInput>(
  since('2.1', ({ server, volumes, admin }) => ({
    addresses: addressesView(server, fullAddress),
    'OS-EXT-AZ:availability_zone': server.zone ?? '',
    config_drive: server.configDrive ? 'True' : '',
    key_name: server.keyName,
    'OS-SRV-USG:launched_at': longTime(server.launchedAt),
    'OS-SRV-USG:terminated_at': longTime(server.terminatedAt),
    ...(admin
      ? {
          'OS-EXT-SRV-ATTR:host': server.host,
          'OS-EXT-SRV-ATTR:instance_name': instanceName(server),
          'OS-EXT-SRV-ATTR:hypervisor_hostname': server.host,
        }
      : {}),
    'OS-EXT-STS:task_state': server.taskState,
    'OS-EXT-STS:vm_state': server.vmState,
    'OS-EXT-STS:power_state': powerNumber(server.powerState),
    'os-extended-volumes:volumes_attached': shown(volumes).map(({ volumeId }) => ({ id: volumeId })),
    security_groups: server.groups.length > 0 ? server.groups.map((name) => ({ name })) : undefined,
  })),
  since('2.3', ({ server, volumes, admin }) => ({
    'os-extended-volumes:volumes_attached': shown(volumes).map(({ volumeId, deleteOnTermination }) => ({
      id: volumeId,
      delete_on_termination: deleteOnTermination,
    })),
    ...(admin
      ? {
          'OS-EXT-SRV-ATTR:reservation_id': server.reservationId,
          'OS-EXT-SRV-ATTR:launch_index': server.launchIndex,
          'OS-EXT-SRV-ATTR:hostname': server.hostname,
          'OS-EXT-SRV-ATTR:kernel_id': '',
          'OS-EXT-SRV-ATTR:ramdisk_id': '',
          'OS-EXT-SRV-ATTR:root_device_name': server.rootDevice,
          'OS-EXT-SRV-ATTR:user_data': server.userData,
        }
      : {}),
  })),
  since('2.16', ({ admin, hostStatus }) => (admin ? { host_status: hostStatus } : {})),
  since('2.90', ({ server }) => ({ 'OS-EXT-SRV-ATTR:hostname': server.hostname })),
);

/** Volumes that exist, also while they are attached or detached. */
const shown = (volumes: readonly Attachment[]) => volumes.filter(({ volumeId }) => volumeId !== null);

/** A server in a detailed list. */
export const detailView = (input: ServerViewInput, version: Version): Record<string, unknown> => ({
  ...core(input, version),
  ...extended(input, version),
});

/** A single server, with its server groups, which lists leave out. */
export const serverView = (input: ServerViewInput, version: Version): Record<string, unknown> => ({
  ...detailView(input, version),
  ...groupsView(input, version),
});

/** The response of a PUT: the whole server from 2.75 on. */
export const updatedView = (input: ServerViewInput, version: Version): Record<string, unknown> =>
  atLeast(version, '2.75') ? serverView(input, version) : { ...core(input, version), ...groupsView(input, version) };

/** The response of a rebuild: what a PUT answers, with the user data under another name. */
export const rebuiltView = (input: ServerViewInput, version: Version): Record<string, unknown> => ({
  ...updatedView(input, version),
  'OS-EXT-SRV-ATTR:user_data': undefined,
  ...(atLeast(version, '2.54') ? { key_name: input.server.keyName } : {}),
  ...(atLeast(version, '2.57') ? { user_data: input.server.userData } : {}),
});

const groupsView = ({ server: { groupId } }: ServerViewInput, version: Version) =>
  atLeast(version, '2.71') ? { server_groups: groupId === null ? [] : [groupId] } : {};

export const briefView = ({ id, name }: Pick<Server, 'id' | 'name'>, base: string) => ({
  id,
  name,
  links: linksOf(base, 'servers', id),
});

export const createdView = (
  server: Pick<Server, 'id' | 'diskConfig'>,
  base: string,
  adminPass: string,
  groups: readonly string[],
) => ({
  id: server.id,
  links: linksOf(base, 'servers', server.id),
  'OS-DCF:diskConfig': server.diskConfig,
  security_groups: groups.map((name) => ({ name })),
  adminPass,
});

const changedAt = new Set([...core.changedAt, ...extended.changedAt]);

/** Versions of one class have the same view, and share cached fragments. */
export const versionClass = (version: Version): number =>
  [...changedAt].filter((step) => atLeast(version, step)).length;
