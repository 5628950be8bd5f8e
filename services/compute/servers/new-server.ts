/** The rows of a server that is about to be. */
import { randomUUID } from 'node:crypto';
import type { Who } from '#shared/auth/who.ts';
import { trimEndOf } from '#shared/input/trim.ts';
import type { Flavor } from '../flavors/store.ts';
import { wantsConfigDrive } from '../workflows/image-demands.ts';
import { shortAddress } from './addresses.ts';
import type { NewServer } from './store.ts';
import { isTrue, type ServerBody } from './wish.ts';
import type { WishedDisk, WishedDisks } from './wished-disks.ts';
import type { WishedNic } from './wished-networks.ts';

/** What all servers of one launch share. */
export interface Common {
  readonly wish: ServerBody;
  readonly hints: Readonly<Record<string, unknown>>;
  readonly flavor: Flavor;
  readonly disks: WishedDisks;
  readonly nics: readonly WishedNic[];
  readonly groups: readonly string[];
  readonly key: { readonly name: string; readonly data: string } | null;
  readonly place: { readonly zone: string | null; readonly host: string | null };
  readonly reservationId: string;
}

export const newDisk = (serverId: string, place: number, disk: WishedDisk) => ({
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

export const newNic = (serverId: string, place: number, nic: WishedNic) => ({
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

interface One {
  readonly serverId: string;
  readonly taskId: string;
  readonly index: number;
  /** Several get numbers. */
  readonly of: number;
}

export function newServer(who: Who, common: Common, { serverId, taskId, index, of }: One): NewServer {
  const { wish, hints, flavor, disks, groups, key, place, reservationId } = common;
  const name = of > 1 ? `${wish.name}-${index + 1}` : wish.name;
  const now = Date.now();
  return {
    id: serverId,
    projectId: who.projectId ?? '',
    userId: who.userId,
    name,
    hostname: wish.hostname === undefined ? hostnameOf(name, serverId) : numbered(wish.hostname, index, of),
    description: wish.description ?? null,
    vmState: 'building',
    taskState: 'scheduling',
    powerState: null,
    taskId,
    guestTaskId: taskId,
    fault: null,
    host: null,
    zone: null,
    wantedZone: place.zone,
    wantedHost: place.host,
    flavorId: flavor.id,
    flavor: {
      id: flavor.id,
      name: flavor.name,
      vcpus: flavor.vcpus,
      ramMb: flavor.ramMb,
      diskGb: flavor.diskGb,
      ephemeralGb: flavor.ephemeralGb,
      swapMb: flavor.swapMb,
      extraSpecs: flavor.extraSpecs,
    },
    vcpus: flavor.vcpus,
    ramMb: flavor.ramMb,
    imageId: disks.image?.id ?? null,
    image: disks.image,
    keyName: key?.name ?? null,
    keyData: key?.data ?? null,
    userData: wish.user_data ?? null,
    configDrive: isTrue(wish.config_drive ?? false) || wantsConfigDrive(disks.image?.properties ?? {}),
    metadata: wish.metadata ?? {},
    tags: [...new Set(wish.tags ?? [])],
    addresses: {},
    groups: [],
    wantedGroups: groups,
    machine: null,
    bootMark: taskId,
    bootKind: 'hard',
    rootDevice: null,
    reservationId,
    launchIndex: index,
    accessIpv4: wish.accessIPv4 ?? '',
    accessIpv6: shortAddress(wish.accessIPv6 ?? ''),
    lockedBy: null,
    lockedReason: null,
    diskConfig: wish['OS-DCF:diskConfig'] ?? 'MANUAL',
    hints,
    createdAt: now,
    updatedAt: now,
    launchedAt: null,
    terminatedAt: null,
    deletedAt: null,
  };
}

const numbered = (name: string, index: number, of: number) => (of > 1 ? `${name}-${index + 1}` : name);

/** A name that DNS takes. */
export function hostnameOf(name: string, id: string): string {
  const clean = name
    .toLowerCase()
    .replace(/[ _.]/g, '-')
    .replace(/[^a-z0-9-]/g, '')
    .replace(/^-+/, '')
    .slice(0, 63);
  return trimEndOf(clean, '-') || `server-${id}`;
}
