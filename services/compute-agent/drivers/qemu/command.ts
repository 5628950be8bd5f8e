/** The words that start a guest. */
import type { GuestSpec } from '#shared/contracts/compute-agent.ts';
import {
  configDriveParts,
  controller,
  type DiskParts,
  diskParts,
  type Fittings,
  type NicParts,
  needsController,
  nicParts,
  port,
  type Words,
} from './devices.ts';
import { within } from './paths.ts';
import type { GuestRecord } from './record.ts';

/** Where QEMU reads a secret once, at its start: never from its words, which everybody on the host can read. */
export const secretFile = (key: string): string => `${key}.secret`;

interface GuestParts {
  readonly disks: readonly DiskParts[];
  readonly nics: readonly NicParts[];
}

export const partsOf = (spec: GuestSpec, fittings: Fittings): GuestParts => ({
  disks: [
    ...spec.disks.map((disk) => diskParts(disk, fittings)),
    ...(spec.configDrive ? [configDriveParts(fittings)] : []),
  ],
  nics: spec.nics.map((nic) => nicParts(nic, fittings)),
});

export function qemuArgv(
  qemu: string,
  record: GuestRecord,
  fittings: Fittings,
  { ports, tbSizeMb, name }: { ports: number; tbSizeMb: number; name: string },
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
    ...rootPorts(ports),
    ...deviceWords(spec, fittings),
  ];
}

/** Each serves one client at a time: the first is the agent's, the second an operator's. */
const monitors = () =>
  Object.entries({ qmp: within.qmp, operator: within.monitor }).flatMap(([id, path]) => [
    ...['-chardev', `socket,id=${id},path=${path},server=on,wait=off`],
    ...['-mon', `chardev=${id},mode=control`],
  ]);

const console = () => [
  '-chardev',
  `socket,id=serial0,path=${within.serial},server=on,wait=off,logfile=${within.console},logappend=on`,
  ...['-device', 'isa-serial,chardev=serial0'],
  ...['-device', 'VGA,id=video0,vgamem_mb=16,addr=0x2', '-vnc', `unix:${within.vnc}`],
];

/** q35 plugs only into root ports, one device each, so spare ones stand ready: eight to a PCI slot. */
const rootPorts = (count: number) =>
  Array.from({ length: count }, (_, at) => [
    '-device',
    `pcie-root-port,id=${port(at)},chassis=${at + 1},bus=pcie.0,addr=${hex(0x10 + (at >> 3))}.${at & 7}${
      at & 7 ? '' : ',multifunction=on'
    }`,
  ]).flat();

const hex = (value: number) => `0x${value.toString(16)}`;

function deviceWords(spec: GuestSpec, fittings: Fittings): string[] {
  const { disks, nics } = partsOf(spec, fittings);
  const secrets = disks.flatMap(({ key, secret }) =>
    secret ? ['-object', `secret,id=${secret.id},file=${secretFile(key)}`] : [],
  );
  const nodes = disks.flatMap((disk) => disk.nodes.flatMap((node) => ['-blockdev', JSON.stringify(node)]));
  const carrier = needsController(spec) ? ['-device', JSON.stringify(controller(fittings))] : [];
  const plugged = [...disks, ...nics].flatMap(({ device }) => ['-device', JSON.stringify(device)]);
  return [...secrets, ...nodes, ...nics.flatMap(({ netdev }) => ['-netdev', keyval(netdev)]), ...carrier, ...plugged];
}

/** `user,id=net-…` */
const keyval = ({ type, ...rest }: Words) =>
  [type, ...Object.entries(rest).map(([key, value]) => `${key}=${value}`)].join(',');
