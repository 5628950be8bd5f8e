/** A guest's devices as QEMU properties: used both in the command line and in the QMP commands of a hot plug. */
import { createHash } from 'node:crypto';
import type { DiskSpec, GuestSpec, NicSpec } from '#shared/contracts/compute-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import type { CephKey } from '../ceph-key.ts';
import { guestPaths } from './paths.ts';

export type QemuProps = Readonly<Record<string, unknown>>;

export interface DiskSecret {
  readonly id: string;
  readonly data: string;
  readonly format?: 'base64';
}

export interface DiskParts {
  readonly key: string;
  /** QEMU reads it from a file at its start; a hot plug sends it over QMP. */
  readonly secrets: readonly DiskSecret[];
  /** An object that a node refers to. */
  readonly throttle?: QemuProps & { readonly id: string };
  /** Block nodes in the order in which they are added; removed in reverse. */
  readonly nodes: readonly QemuProps[];
  readonly device: QemuProps;
}

export interface NicParts {
  readonly key: string;
  readonly netdev: QemuProps & { readonly id: string };
  readonly device: QemuProps;
}

/** What the properties of a device depend on besides its spec. */
export interface DeviceContext {
  readonly slots: Readonly<Record<string, number>>;
  readonly bases: Readonly<Record<string, { readonly imageId: string; readonly format: string }>>;
  readonly initiator: string;
  /** Null: this host has none. */
  readonly ceph: CephKey | null;
}

/** QEMU ids begin with a letter and node names have at most 31 characters: a short plain id is kept, others are hashed. */
export const keyOf = (id: string): string =>
  /^[a-z][a-z0-9]{0,11}$/.test(id) ? id : `v${createHash('sha256').update(id).digest('hex').slice(0, 20)}`;

export const nicKey = (portId: string): string => keyOf(`nic ${portId}`);
export const controllerKey = 'scsi0';
export const configKey = 'config';
/** Device ids with these prefixes come from a spec; all other devices belong to the machine. */
export const diskDevice = (key: string): string => `disk-${key}`;
export const nicDevice = (key: string): string => `nic-${key}`;
export const port = (slot: number | undefined): string => `port${slot ?? 0}`;

export const gbToBytes = (sizeGb: number): number => Math.round(sizeGb * 1024) * 1024 * 1024;

/** The controller has the scsi disks and the config drive, so that the config drive takes no vdX name. */
export const needsController = (spec: GuestSpec): boolean =>
  spec.configDrive !== null || spec.disks.some((disk) => busOf(disk) === 'scsi');

/** The bus that a disk is attached to. */
export const busOf = ({ bus, cdrom }: DiskSpec): 'virtio' | 'scsi' | 'sata' => (cdrom && bus !== 'scsi' ? 'sata' : bus);
const keysOnBus = (spec: GuestSpec, place: ReturnType<typeof busOf>): string[] =>
  inBootOrder(spec.disks)
    .filter((disk) => busOf(disk) === place)
    .map(({ id }) => keyOf(id));

/**
 * Devices that need a PCI port, in the order in which a new guest assigns them. A guest keeps the port of its controller
 * after its last SCSI disk is detached, since the controller is not unplugged.
 */
export const pciKeys = (spec: GuestSpec, before: DeviceContext['slots']): string[] => [
  ...keysOnBus(spec, 'virtio'),
  ...spec.nics.map(({ portId }) => nicKey(portId)),
  ...(needsController(spec) || before[controllerKey] !== undefined ? [controllerKey] : []),
];

export const scsiKeys = (spec: GuestSpec): string[] => [
  ...(spec.configDrive ? [configKey] : []),
  ...keysOnBus(spec, 'scsi'),
];

/** Disks on the SATA controller that is part of the machine type. */
export const sataKeys = (spec: GuestSpec): string[] => keysOnBus(spec, 'sata');

const inBootOrder = (disks: readonly DiskSpec[]) =>
  disks.toSorted((a, b) => (a.bootIndex ?? Infinity) - (b.bootIndex ?? Infinity) || 0);

export function diskParts(disk: DiskSpec, context: DeviceContext): DiskParts {
  const key = keyOf(disk.id);
  return { key, ...backEnd(disk, key, context), device: frontEnd(disk, key, context) };
}

function backEnd(
  disk: DiskSpec,
  key: string,
  context: DeviceContext,
): Pick<DiskParts, 'secrets' | 'nodes' | 'throttle'> {
  const readOnly = { 'read-only': disk.readOnly ?? disk.cdrom ?? false };
  const volume = volumeNode(disk, key, context);
  if (volume) return overVolume(disk, key, volume, readOnly);
  const { bases } = context;
  const base = bases[key];
  const baseChain = base ? baseNodes(key, guestPaths.base(base.imageId, base.format), base.format) : [];
  const file = {
    driver: 'file',
    'node-name': `${key}-file`,
    filename: guestPaths.disk(key),
    discard: 'unmap',
    ...readOnly,
  };
  const top = { driver: 'qcow2', 'node-name': key, file: `${key}-file`, discard: 'unmap', ...readOnly };
  return { secrets: [], nodes: [...baseChain, file, { ...top, backing: base ? `${key}-base` : null }] };
}

interface VolumeNode {
  readonly login: DiskSecret;
  readonly node: QemuProps;
}

function volumeNode({ source }: DiskSpec, key: string, { initiator, ceph }: DeviceContext): VolumeNode | undefined {
  const id = loginId(key);
  if (source.kind === 'iscsi') {
    const { portal, iqn: target, lun, user } = source;
    const login = { portal, target, lun, user, 'password-secret': id, 'initiator-name': initiator };
    return { login: { id, data: source.secret }, node: { driver: 'iscsi', transport: 'tcp', ...login } };
  }
  if (source.kind === 'rbd') {
    if (!ceph) throw new Fault(501, 'notImplemented', 'This host has no key for Ceph: see its setting cephKeyring.');
    const { pool, image, monitors } = source;
    const server = monitors.map((monitor) => {
      const [, host = '', port = ''] = monitor.match(/^(.*):(\d+)$/) ?? [];
      return { host: host.replace(/^\[|\]$/g, ''), port };
    });
    const login = { user: ceph.user, 'key-secret': id, 'auth-client-required': ['cephx'] };
    return { login: { id, data: ceph.key, format: 'base64' }, node: { driver: 'rbd', pool, image, server, ...login } };
  }
  return undefined;
}

export const loginId = (key: string): string => `secret-${key}`;
export const encryptionId = (key: string): string => `luks-${key}`;

/** A volume that grew while it was in use is reached by another LUN, by another node. */
export const fileNodeOf = ({ source }: DiskSpec, key: string): string =>
  source.kind === 'iscsi' && source.lun > 1 ? `${key}-l${source.lun}-file` : `${key}-file`;

/** A format node above the protocol's, which decrypts if the volume is encrypted. */
function overVolume(
  disk: DiskSpec,
  key: string,
  { login, node }: VolumeNode,
  readOnly: QemuProps,
): Pick<DiskParts, 'secrets' | 'nodes' | 'throttle'> {
  const file = { ...node, 'node-name': fileNodeOf(disk, key), ...readOnly };
  if (!disk.encryption) return { secrets: [login], ...throttled(disk, key, file, { driver: 'raw', ...readOnly }) };
  const secret = { id: encryptionId(key), data: disk.encryption.secret };
  const format = { driver: 'luks', 'key-secret': secret.id, ...readOnly };
  return { secrets: [login, secret], ...throttled(disk, key, file, format) };
}

/** With limits, a filter is the node that the guest's device uses. */
function throttled(
  { limits }: DiskSpec,
  key: string,
  file: QemuProps,
  format: QemuProps,
): Pick<DiskParts, 'nodes' | 'throttle'> {
  const raw = { ...format, file: file['node-name'] };
  if (limits === undefined || Object.keys(limits).length === 0) return { nodes: [file, { ...raw, 'node-name': key }] };
  const throttle = { 'qom-type': 'throttle-group', id: throttleId(key), limits };
  const filter = {
    driver: 'throttle',
    'node-name': key,
    'throttle-group': throttle.id,
    file: `${key}-raw`,
    'read-only': format['read-only'],
  };
  return { throttle, nodes: [file, { ...raw, 'node-name': `${key}-raw` }, filter] };
}

export const throttleId = (key: string): string => `limits-${key}`;

/** Names every node of the chain, so that QEMU never follows the backing file name in an image header. */
function baseNodes(key: string, filename: string, format: string): QemuProps[] {
  const file = { driver: 'file', 'node-name': `${key}-base-file`, filename, 'read-only': true };
  const top = { driver: format, 'node-name': `${key}-base`, file: `${key}-base-file`, 'read-only': true };
  return [file, format === 'qcow2' ? { ...top, backing: null } : top];
}

function frontEnd(disk: DiskSpec, key: string, { slots }: DeviceContext): QemuProps {
  const boot = disk.bootIndex === null ? {} : { bootindex: disk.bootIndex };
  const common = { id: diskDevice(key), drive: key, serial: disk.serial.slice(0, 20), ...boot };
  const devices: Readonly<Record<ReturnType<typeof busOf>, QemuProps>> = {
    virtio: { driver: 'virtio-blk-pci', bus: port(slots[key]) },
    scsi: { driver: disk.cdrom ? 'scsi-cd' : 'scsi-hd', bus: `${controllerKey}.0`, 'scsi-id': 0, lun: slots[key] ?? 0 },
    sata: { driver: 'ide-cd', bus: `ide.${slots[key] ?? 0}` },
  };
  return { ...devices[busOf(disk)], ...common };
}

export function configDriveParts({ slots }: DeviceContext): DiskParts {
  const readOnly = { 'read-only': true };
  const file = { driver: 'file', 'node-name': `${configKey}-file`, filename: guestPaths.configDrive, ...readOnly };
  const top = { driver: 'raw', 'node-name': configKey, file: `${configKey}-file`, ...readOnly };
  const place = { bus: `${controllerKey}.0`, 'scsi-id': 0, lun: slots[configKey] ?? 0 };
  const device = { driver: 'scsi-cd', id: 'config-drive', drive: configKey, ...place };
  return { key: configKey, secrets: [], nodes: [file, top], device };
}

export const controller = ({ slots }: DeviceContext): QemuProps => ({
  driver: 'virtio-scsi-pci',
  id: controllerKey,
  bus: port(slots[controllerKey]),
});

export function nicParts(nic: NicSpec, { slots }: DeviceContext): NicParts {
  const key = nicKey(nic.portId);
  const id = `net-${key}`;
  // QEMU's user network reaches the host's loopback as well as the outside, and `restrict` closes both.
  const netdev =
    nic.bridge === null
      ? { type: 'user', id, restrict: true }
      : { type: 'tap', id, ifname: nic.tap, script: 'no', downscript: 'no' };
  const place = { bus: port(slots[key]), romfile: '' }; // no network boot: its option ROM takes a second
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
