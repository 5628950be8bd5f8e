/** A guest's devices in QEMU's words: the same objects make the command line of a start and the commands of a hot plug. */
import { createHash } from 'node:crypto';
import type { DiskSpec, GuestSpec, NicSpec } from '#shared/contracts/compute-agent.ts';
import { within } from './paths.ts';

export type Words = Readonly<Record<string, unknown>>;

export interface DiskParts {
  readonly key: string;
  /** Read by QEMU from a file at a start, sent to it by QMP in a hot plug. */
  readonly secret: { readonly id: string; readonly data: string } | null;
  /** In the order in which they are added; taken away from the last to the first. */
  readonly nodes: readonly Words[];
  readonly device: Words;
}

export interface NicParts {
  readonly key: string;
  readonly netdev: Words & { readonly id: string };
  readonly device: Words;
}

/** What a device needs to know of its guest. */
export interface Fittings {
  readonly slots: Readonly<Record<string, number>>;
  readonly bases: Readonly<Record<string, { readonly imageId: string; readonly format: string }>>;
  readonly initiator: string;
}

/** QEMU's names begin with a letter and nodes have 31 characters at most: a short plain id stays, others are hashed. */
export const keyOf = (id: string): string =>
  /^[a-z][a-z0-9]{0,11}$/.test(id) ? id : `v${createHash('sha256').update(id).digest('hex').slice(0, 20)}`;

export const nicKey = (portId: string): string => keyOf(`nic ${portId}`);
export const controllerKey = 'scsi0';
export const configKey = 'config';
/** Ids of devices that follow a spec begin so; what else QEMU has is the machine's own. */
export const diskDevice = (key: string): string => `disk-${key}`;
export const nicDevice = (key: string): string => `nic-${key}`;
export const port = (slot: number | undefined): string => `port${slot ?? 0}`;

export const bytesOf = (sizeGb: number): number => Math.round(sizeGb * 1024) * 1024 * 1024;
export const isLocal = (disk: DiskSpec): boolean => disk.source.kind !== 'iscsi';

/** The controller carries scsi disks and the config drive, which so takes no vdX from the disks. */
export const needsController = (spec: GuestSpec): boolean =>
  spec.configDrive !== null || spec.disks.some((disk) => placeOf(disk) === 'scsi');

/** Where a disk sits. */
export const placeOf = ({ bus, cdrom }: DiskSpec): 'virtio' | 'scsi' | 'sata' => (cdrom ? 'sata' : bus);
const keysAt = (spec: GuestSpec, place: ReturnType<typeof placeOf>): string[] =>
  inBootOrder(spec.disks)
    .filter((disk) => placeOf(disk) === place)
    .map(({ id }) => keyOf(id));

/** What takes a PCI port, in the order in which a new guest gets them. */
export const pciKeys = (spec: GuestSpec): string[] => [
  ...keysAt(spec, 'virtio'),
  ...spec.nics.map(({ portId }) => nicKey(portId)),
  ...(needsController(spec) ? [controllerKey] : []),
];

export const scsiKeys = (spec: GuestSpec): string[] => [
  ...(spec.configDrive ? [configKey] : []),
  ...keysAt(spec, 'scsi'),
];

/** The ports of the controller that the machine itself has. */
export const sataKeys = (spec: GuestSpec): string[] => keysAt(spec, 'sata');

const inBootOrder = (disks: readonly DiskSpec[]) =>
  disks.toSorted((a, b) => (a.bootIndex ?? Infinity) - (b.bootIndex ?? Infinity) || 0);

export function diskParts(disk: DiskSpec, fittings: Fittings): DiskParts {
  const key = keyOf(disk.id);
  return { key, ...backEnd(disk, key, fittings), device: frontEnd(disk, key, fittings) };
}

function backEnd(disk: DiskSpec, key: string, { bases, initiator }: Fittings): Pick<DiskParts, 'secret' | 'nodes'> {
  const { source } = disk;
  const readOnly = { 'read-only': disk.readOnly ?? disk.cdrom ?? false };
  if (source.kind === 'iscsi') {
    const secret = { id: `secret-${key}`, data: source.secret };
    const { portal, iqn: target, lun, user } = source;
    const login = { portal, target, lun, user, 'password-secret': secret.id, 'initiator-name': initiator };
    const file = { driver: 'iscsi', 'node-name': `${key}-file`, transport: 'tcp', ...login, ...readOnly };
    return { secret, nodes: [file, { driver: 'raw', 'node-name': key, file: `${key}-file`, ...readOnly }] };
  }
  const base = bases[key];
  const below = base ? baseNodes(key, within.base(base.imageId, base.format), base.format) : [];
  const file = {
    driver: 'file',
    'node-name': `${key}-file`,
    filename: within.disk(key),
    discard: 'unmap',
    ...readOnly,
  };
  const top = { driver: 'qcow2', 'node-name': key, file: `${key}-file`, discard: 'unmap', ...readOnly };
  return { secret: null, nodes: [...below, file, { ...top, backing: base ? `${key}-base` : null }] };
}

/** Named one by one: what a file says of its own backing is never followed. */
function baseNodes(key: string, filename: string, format: string): Words[] {
  const file = { driver: 'file', 'node-name': `${key}-base-file`, filename, 'read-only': true };
  const top = { driver: format, 'node-name': `${key}-base`, file: `${key}-base-file`, 'read-only': true };
  return [file, format === 'qcow2' ? { ...top, backing: null } : top];
}

function frontEnd(disk: DiskSpec, key: string, { slots }: Fittings): Words {
  const boot = disk.bootIndex === null ? {} : { bootindex: disk.bootIndex };
  const common = { id: diskDevice(key), drive: key, serial: disk.serial.slice(0, 20), ...boot };
  const devices: Readonly<Record<ReturnType<typeof placeOf>, Words>> = {
    virtio: { driver: 'virtio-blk-pci', bus: port(slots[key]) },
    scsi: { driver: 'scsi-hd', bus: `${controllerKey}.0`, 'scsi-id': 0, lun: slots[key] ?? 0 },
    sata: { driver: 'ide-cd', bus: `ide.${slots[key] ?? 0}` },
  };
  return { ...devices[placeOf(disk)], ...common };
}

export function configDriveParts({ slots }: Fittings): DiskParts {
  const readOnly = { 'read-only': true };
  const file = { driver: 'file', 'node-name': `${configKey}-file`, filename: within.configDrive, ...readOnly };
  const top = { driver: 'raw', 'node-name': configKey, file: `${configKey}-file`, ...readOnly };
  const place = { bus: `${controllerKey}.0`, 'scsi-id': 0, lun: slots[configKey] ?? 0 };
  const device = { driver: 'scsi-cd', id: 'config-drive', drive: configKey, ...place };
  return { key: configKey, secret: null, nodes: [file, top], device };
}

export const controller = ({ slots }: Fittings): Words => ({
  driver: 'virtio-scsi-pci',
  id: controllerKey,
  bus: port(slots[controllerKey]),
});

export function nicParts(nic: NicSpec, { slots }: Fittings): NicParts {
  const key = nicKey(nic.portId);
  const id = `net-${key}`;
  // QEMU's own network leads to the host's loopback as well as outside, and can only be closed towards both.
  const netdev =
    nic.bridge === null
      ? { type: 'user', id, restrict: true }
      : { type: 'tap', id, ifname: nic.tap, script: 'no', downscript: 'no' };
  const place = { bus: port(slots[key]), romfile: '' }; // no network boot: its option rom costs a second
  const device = {
    driver: 'virtio-net-pci',
    id: nicDevice(key),
    netdev: id,
    mac: nic.mac,
    host_mtu: nic.mtu,
    ...place,
  };
  return { key, netdev, device };
}
