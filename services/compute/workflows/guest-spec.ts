/** Builds the spec of a guest from the rows of its server. */
import type { Knex } from 'knex';
import type { DiskSource, DiskSpec, GuestSpec, NicSpec } from '#shared/contracts/compute-agent.ts';
import { own } from '#shared/input/own.ts';
import type { Seal } from '#shared/seal/seal.ts';
import { type Attachment, attachmentTable, type Connection } from '../attachments/store.ts';
import type { Compute } from '../context.ts';
import { type Interface, interfaceTable } from '../interfaces/store.ts';
import type { ImageCopy, Server } from '../servers/store.ts';
import { configDriveOf } from './config-drive-files.ts';
import { cdromBusOf, type DiskBus, diskBusOf, hasGuestAgent } from './image-requirements.ts';

/** The part of the spec that is not in the rows. */
export interface GuestOptions {
  readonly power: GuestSpec['power'];
  /** Reboots it once. */
  readonly boot?: GuestSpec['boot'];
  readonly adminPass?: string;
}

export async function guestSpec(
  { config, seal }: Compute,
  db: Knex,
  server: Server,
  options: GuestOptions,
): Promise<GuestSpec> {
  const attachments = await attachmentTable.list(db, server.id);
  const interfaces = await interfaceTable.list(db, server.id);
  const { power, boot = { mark: server.bootMark, kind: server.bootKind }, adminPass } = options;
  return {
    id: server.id,
    vcpus: server.flavor.vcpus,
    ramMb: server.flavor.ramMb,
    power,
    boot,
    graceMs: config.shutdownMs,
    machine: server.machine,
    disks: withRescue(server, [
      ...ownDisks(server, attachments),
      ...attachments.filter(isPlugged).map((each) => diskOf(server, each, seal)),
    ]),
    nics: interfaces.flatMap(nicOf),
    ...generationOf(server),
    ...(server.image !== null && hasGuestAgent(server.image.properties) ? { guestAgent: true as const } : {}),
    configDrive: server.configDrive ? configDriveOf(server, interfaces, attachments, adminPass) : null,
  };
}

/** The disks of image and flavor: root, ephemeral, swap. Requested blank disks replace the flavor's ephemeral disk. */
export function ownDisks(server: Server, attachments: readonly Attachment[]): DiskSpec[] {
  const { image, flavor } = server;
  const replacesEphemeral = attachments.some(({ destination }) => destination === 'local');
  const bus = defaultBusOf(server, attachments);
  return [
    ...(image === null ? [] : [rootDisk(server, image)]),
    ...(flavor.ephemeralGb > 0 && !replacesEphemeral ? [blankDisk(server, 'ephemeral0', flavor.ephemeralGb, bus)] : []),
    ...(flavor.swapMb > 0 ? [blankDisk(server, 'swap', flavor.swapMb / 1024, bus)] : []),
  ];
}

/** Of everything that a rebuild makes anew. */
const generationOf = ({ rootSource }: Pick<Server, 'rootSource'>) =>
  rootSource === null ? {} : { generation: rootSource.generation };

/** An ISO image is a read-only, bootable CD-ROM. */
const rootDisk = ({ id, flavor, rootSource }: Server, image: ImageCopy): DiskSpec => ({
  id: 'root',
  source: { kind: 'image', imageId: rootSource?.imageId ?? image.id, format: rootSource?.format ?? image.format },
  ...generationOf({ rootSource }),
  sizeGb: image.format === 'iso' ? 0 : flavor.diskGb || image.sizeGb,
  bootIndex: 0,
  bus: image.format === 'iso' ? cdromBusOf(image.properties) : diskBusOf(image.properties),
  serial: id,
  ...(image.format === 'iso' ? { cdrom: true, readOnly: true } : {}),
});

/** A rescued server boots from a disk of its own, after which the others stand as they did. */
function withRescue({ id, rescueImage: image }: Server, disks: readonly DiskSpec[]): DiskSpec[] {
  if (image === null) return [...disks];
  const source = { kind: 'image', imageId: image.id, format: image.format } as const;
  const { hw_rescue_device: device, hw_rescue_bus: named } = image.properties;
  const cdrom = image.format === 'iso' || device === 'cdrom';
  const own = cdrom ? cdromBusOf(image.properties) : diskBusOf(image.properties);
  const bus: DiskBus = named === undefined ? own : named === 'scsi' ? 'scsi' : 'virtio';
  const rescue = { id: 'rescue', source, sizeGb: cdrom ? 0 : image.sizeGb, bootIndex: 0, bus, serial: id };
  return [
    ...disks.map((disk) => ({ ...disk, bootIndex: null })),
    { ...rescue, ...(cdrom ? { cdrom, readOnly: true } : {}) },
  ];
}

const blankDisk = (server: Server, name: string, sizeGb: number, bus: DiskBus): DiskSpec => ({
  id: name,
  source: { kind: 'blank' },
  ...generationOf(server),
  sizeGb,
  bootIndex: null,
  bus,
  serial: name,
});

/** That of the image, else of the volume that the server boots from. */
export const defaultBusOf = ({ image }: Pick<Server, 'image'>, attachments: readonly Attachment[]): DiskBus =>
  image === null
    ? (attachments.find(({ bootIndex }) => bootIndex === 0)?.bus ?? 'virtio')
    : diskBusOf(image.properties);

const isPlugged = ({ state, destination, connection }: Attachment) =>
  state !== 'detaching' && (destination === 'local' || connection !== null);

function diskOf(server: Server, attachment: Attachment, seal: Seal): DiskSpec {
  const { id, place, destination, volumeId, sizeGb, bootIndex, bus, cdrom, connection } = attachment;
  const isReadOnly = cdrom || connection?.data.access_mode === 'ro';
  const base = { sizeGb, bootIndex, bus, ...(cdrom ? { cdrom } : {}), ...(isReadOnly ? { readOnly: true } : {}) };
  if (destination === 'local')
    return { ...base, ...generationOf(server), id: `ephemeral${place + 1}`, serial: id, source: { kind: 'blank' } };
  const source = diskSourceOf(connection as Connection, seal);
  return {
    ...base,
    ...limitsOf(connection),
    ...encryptionOf(connection, seal),
    id: volumeId ?? '',
    serial: volumeId ?? '',
    source,
  };
}

/** The keys of QoS specs as Nova has them, by the names of QEMU's ThrottleLimits; a `_max` is a burst. */
const throttleKeys = Object.fromEntries(
  ['total', 'read', 'write'].flatMap((kind) => [
    [`${kind}_bytes_sec`, `bps-${kind}`],
    [`${kind}_iops_sec`, `iops-${kind}`],
    [`${kind}_bytes_sec_max`, `bps-${kind}-max`],
    [`${kind}_iops_sec_max`, `iops-${kind}-max`],
  ]),
);

/** Limits of the volume's type; zero is none, and QEMU refuses total ones beside those of reads or writes. */
export function limitsOf(connection: Connection | null): Pick<DiskSpec, 'limits'> {
  const specs = Object.entries((connection?.data.qos_specs ?? {}) as Readonly<Record<string, unknown>>);
  const known = specs.flatMap(([key, value]) => {
    const [name, limit] = [own(throttleKeys, key), Number(value)];
    return name !== undefined && Number.isSafeInteger(limit) && limit > 0 ? [[name, limit] as const] : [];
  });
  const has = (name: string) => known.some(([each]) => each === name);
  const isShadowed = (name: string) => {
    const [, unit = '', kind] = name.match(/^(bps|iops)-(\w+)/) ?? [];
    return kind !== 'total' && has(`${unit}-total`);
  };
  const usable = known.filter(([name]) => !isShadowed(name) && has(name.replace(/-max$/, '')));
  return usable.length > 0 ? { limits: Object.fromEntries(usable) } : {};
}

/** The volume is encrypted, and its key in the connection. */
function encryptionOf(connection: Connection | null, seal: Seal): Pick<DiskSpec, 'encryption'> {
  const key = connection?.data.encryption_key;
  return typeof key === 'string' ? { encryption: { format: 'luks', secret: seal.open(key) } } : {};
}

export function diskSourceOf({ driver_volume_type: type, data }: Connection, seal: Seal): DiskSource {
  if (type === 'rbd') {
    const [pool = '', image = ''] = String(data.name).split('/');
    const [hosts, ports] = [data.hosts, data.ports] as readonly (readonly string[])[];
    return { kind: 'rbd', pool, image, monitors: (hosts ?? []).map((host, at) => `${host}:${ports?.[at] ?? ''}`) };
  }
  return {
    kind: 'iscsi',
    portal: String(data.target_portal),
    iqn: String(data.target_iqn),
    lun: Number(data.target_lun),
    user: String(data.auth_username ?? ''),
    secret: seal.open(String(data.auth_password ?? '')),
  };
}

function nicOf({ state, portId, port }: Interface): NicSpec[] {
  if (port === null || portId === null || state === 'detaching') return [];
  const { mac, mtu, tap, bridge } = port;
  return [{ portId, mac, mtu, tap, bridge }];
}
