/** The rows of a new server. */

import { randomUUID } from 'node:crypto';
import type { Caller } from '#shared/auth/caller.ts';
import { trimEndOf } from '#shared/input/trim.ts';
import { canonical } from '#shared/net/addresses.ts';
import type { Flavor } from '../flavors/resource.ts';
import { isTrue } from '../values.ts';
import { wantsConfigDrive } from '../workflows/image-requirements.ts';
import type { ServerBody } from './input.ts';
import type { RequestedDisk, RequestedDisks } from './requested-disks.ts';
import type { RequestedNic } from './requested-networks.ts';
import type { NewServer } from './store.ts';

/** What all servers of one launch have in common. */
export interface LaunchSpec {
  readonly input: ServerBody;
  readonly hints: Readonly<Record<string, unknown>>;
  readonly flavor: Flavor;
  readonly disks: RequestedDisks;
  readonly nics: readonly RequestedNic[];
  readonly groups: readonly string[];
  readonly key: { readonly name: string; readonly data: string } | null;
  readonly destination: { readonly zone: string | null; readonly host: string | null };
  readonly reservationId: string;
}

export const newDisk = (serverId: string, place: number, disk: RequestedDisk) => ({
  ...disk,
  id: randomUUID(),
  serverId,
  place,
  state: 'attaching' as const,
  taskId: null,
  attachmentId: null,
  device: null,
  created: false,
  connection: null,
  createdAt: Date.now(),
});

export const newNic = (serverId: string, place: number, nic: RequestedNic) => ({
  ...nic,
  id: randomUUID(),
  serverId,
  place,
  state: 'attaching' as const,
  taskId: null,
  ownPort: nic.portId === null,
  port: null,
  createdAt: Date.now(),
});

interface ServerOfLaunch {
  readonly serverId: string;
  readonly taskId: string;
  readonly groupId: string | null;
  readonly index: number;
  /** With more than one, names get a number. */
  readonly count: number;
}

export function newServer(
  caller: Caller,
  common: LaunchSpec,
  { serverId, taskId, groupId, index, count }: ServerOfLaunch,
): NewServer {
  const { input, hints, flavor, disks, groups, key, destination, reservationId } = common;
  const name = count > 1 ? `${input.name}-${index + 1}` : input.name;
  const now = Date.now();
  return {
    id: serverId,
    projectId: caller.projectId ?? '',
    userId: caller.userId,
    name,
    hostname: input.hostname === undefined ? hostnameOf(name, serverId) : numbered(input.hostname, index, count),
    description: input.description ?? null,
    vmState: 'building',
    taskState: 'scheduling',
    powerState: null,
    taskId,
    guestTaskId: taskId,
    fault: null,
    host: null,
    zone: null,
    wantedZone: destination.zone,
    wantedHost: destination.host,
    flavorId: flavor.id,
    flavor: flavorCopyOf(flavor),
    vcpus: flavor.vcpus,
    ramMb: flavor.ramMb,
    imageId: disks.image?.id ?? null,
    image: disks.image,
    keyName: key?.name ?? null,
    keyData: key?.data ?? null,
    userData: input.user_data ?? null,
    configDrive: isTrue(input.config_drive ?? false) || wantsConfigDrive(disks.image?.properties ?? {}),
    metadata: input.metadata ?? {},
    tags: [...new Set(input.tags ?? [])],
    addresses: {},
    groups: [],
    wantedGroups: groups,
    machine: null,
    bootMark: taskId,
    bootKind: 'hard',
    rootDevice: null,
    rootSource: null,
    rescueImage: null,
    shelvedImageId: null,
    password: null,
    softDeletedAt: null,
    reservationId,
    launchIndex: index,
    accessIpv4: input.accessIPv4 ?? '',
    accessIpv6: canonical(input.accessIPv6 ?? '') ?? '',
    lockedBy: null,
    lockedReason: null,
    diskConfig: input['OS-DCF:diskConfig'] ?? 'MANUAL',
    hints,
    groupId,
    createdAt: now,
    updatedAt: now,
    launchedAt: null,
    terminatedAt: null,
    deletedAt: null,
  };
}

const numbered = (name: string, index: number, of: number) => (of > 1 ? `${name}-${index + 1}` : name);

/** Returns a valid DNS label. */
export function hostnameOf(name: string, id: string): string {
  const clean = name
    .toLowerCase()
    .replace(/[ _.]/g, '-')
    .replace(/[^a-z0-9-]/g, '')
    .replace(/^-+/, '')
    .slice(0, 63);
  return trimEndOf(clean, '-') || `server-${id}`;
}

/** What a server keeps of its flavor. */
export const flavorCopyOf = ({
  id,
  name,
  vcpus,
  ramMb,
  diskGb,
  ephemeralGb,
  swapMb,
  extraSpecs,
}: Flavor): NewServer['flavor'] => ({ id, name, vcpus, ramMb, diskGb, ephemeralGb, swapMb, extraSpecs });
