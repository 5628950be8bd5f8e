/** The command line that starts a guest. */
import type { GuestSpec } from '#shared/contracts/compute-agent.ts';
import {
  configDriveParts,
  controller,
  type DeviceContext,
  type DiskParts,
  diskParts,
  type NicParts,
  needsController,
  nicParts,
  port,
  type QemuProps,
} from './devices.ts';
import { guestPaths } from './paths.ts';
import type { GuestRecord } from './record.ts';

/** The file from which QEMU reads a secret at its start: every user of the host can read its argv. */
export const secretFile = (id: string): string => `${id}.secret`;

interface GuestParts {
  readonly disks: readonly DiskParts[];
  readonly nics: readonly NicParts[];
}

export const partsOf = (spec: GuestSpec, context: DeviceContext): GuestParts => ({
  disks: [
    ...spec.disks.map((disk) => diskParts(disk, context)),
    ...(spec.configDrive ? [configDriveParts(context)] : []),
  ],
  nics: spec.nics.map((nic) => nicParts(nic, context)),
});

export function qemuArgv(
  qemu: string,
  record: GuestRecord,
  context: DeviceContext,
  { ports, tbSizeMb, name, incoming }: { ports: number; tbSizeMb: number; name: string; incoming: boolean },
): string[] {
  const { spec, machine } = record;
  const accel = machine.accelerator === 'tcg' ? `tcg,tb-size=${tbSizeMb}` : 'kvm';
  return [
    ...[qemu, '-name', `guest=${name},debug-threads=on`, '-uuid', record.id],
    ...['-nodefaults', '-no-user-config', '-no-shutdown', '-S', '-boot', 'strict=on'],
    ...['-machine', machine.type, '-accel', accel, '-cpu', machine.cpu],
    ...['-smp', `${spec.vcpus},sockets=${spec.vcpus},cores=1,threads=1`, '-m', `${spec.ramMb}M`],
    ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    ...['-rtc', 'base=utc', '-msg', 'timestamp=on'],
    ...monitors(),
    ...console(),
    ...['-object', 'rng-random,id=rng0,filename=/dev/urandom', '-device', 'virtio-rng-pci,rng=rng0,addr=0x3'],
    ...(spec.guestAgent ? guestAgent() : []),
    ...rootPorts(ports),
    ...deviceArgs(spec, context),
    ...(incoming ? ['-incoming', 'defer'] : []),
  ];
}

/** A monitor serves one client at a time: the first is for the agent, the second for an operator. */
const monitors = () =>
  Object.entries({ qmp: guestPaths.qmp, operator: guestPaths.monitor }).flatMap(([id, path]) => [
    ...['-chardev', `socket,id=${id},path=${path},server=on,wait=off`],
    ...['-mon', `chardev=${id},mode=control`],
  ]);

const console = () => [
  '-chardev',
  `socket,id=serial0,path=${guestPaths.serial},server=on,wait=off,logfile=${guestPaths.console},logappend=on`,
  ...['-device', 'isa-serial,chardev=serial0'],
  ...['-device', 'VGA,id=video0,vgamem_mb=16,addr=0x2', '-vnc', `unix:${guestPaths.vnc}`],
];

const guestAgent = () => [
  ...['-chardev', `socket,id=agent0,path=${guestPaths.guestAgent},server=on,wait=off`],
  ...['-device', 'virtio-serial-pci,id=agentbus,addr=0x4'],
  ...['-device', 'virtserialport,bus=agentbus.0,chardev=agent0,name=org.qemu.guest_agent.0'],
];

/** q35 hot plugs only into root ports, one device each, so spare ports exist from the start: eight in a PCI slot. */
const rootPorts = (count: number) =>
  Array.from({ length: count }, (_, at) => [
    '-device',
    `pcie-root-port,id=${port(at)},chassis=${at + 1},bus=pcie.0,addr=${hex(0x10 + (at >> 3))}.${at & 7}${
      at & 7 ? '' : ',multifunction=on'
    }`,
  ]).flat();

const hex = (value: number) => `0x${value.toString(16)}`;

function deviceArgs(spec: GuestSpec, context: DeviceContext): string[] {
  const { disks, nics } = partsOf(spec, context);
  const secrets = disks.flatMap((disk) =>
    disk.secrets.flatMap(({ id, format = 'raw' }) => [
      '-object',
      `secret,id=${id},file=${secretFile(id)},format=${format}`,
    ]),
  );
  const limits = disks.flatMap(({ throttle }) => (throttle ? ['-object', JSON.stringify(throttle)] : []));
  const nodes = disks.flatMap((disk) => disk.nodes.flatMap((node) => ['-blockdev', JSON.stringify(node)]));
  const scsiController = needsController(spec) ? ['-device', JSON.stringify(controller(context))] : [];
  const plugged = [...disks, ...nics].flatMap(({ device }) => ['-device', JSON.stringify(device)]);
  return [
    ...secrets,
    ...limits,
    ...nodes,
    ...nics.flatMap(({ netdev }) => ['-netdev', keyval(netdev)]),
    ...scsiController,
    ...plugged,
  ];
}

/** `user,id=net-…` */
const keyval = ({ type, ...rest }: QemuProps) =>
  [type, ...Object.entries(rest).map(([key, value]) => `${key}=${value}`)].join(',');
