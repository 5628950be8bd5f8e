/** The settings of the compute agent. */
import { join, resolve } from 'node:path';
import type { Cloud } from '#shared/config/cloud.ts';
import { number, oneOf, text, type ValuesOf } from '#shared/config/settings.ts';

export const section = {
  driver: oneOf(
    ['auto', 'qemu', 'fake'],
    'auto',
    'hypervisor driver; auto: qemu; fake: records guests without running them',
  ),
  directory: text('', 'directory of guests and of the image cache; empty: compute-agent below var'),
  qemu: text('qemu-system-x86_64', 'name or path of the QEMU binary'),
  virtType: oneOf(['auto', 'kvm', 'qemu'], 'auto', 'auto: KVM where a probe guest runs with it, else qemu (emulation)'),
  cpuModel: text('auto', 'CPU model of guests; auto: host with KVM, max without'),
  ports: number(20, 'maximum number of disks and NICs of a guest together'),
  tbSizeMb: number(32, 'memory for translated code per guest in MiB, without KVM'),
  uidFirst: number(0, 'first uid for guests, each runs as its own; 0: a range derived from the id of the cloud'),
  uidCount: number(1_000, 'number of uids: the first for the probe guest, one for each guest'),
  imageCacheGb: number(
    20,
    'size in GB from which unused images are removed from the image cache; images in use count too',
  ),
  imageCacheDays: number(7, 'days after which an unused image is removed from the cache'),
  reserveMb: number(1_024, 'disk space that images, new disks and snapshots leave free; at most 5 % of the disk'),
  consoleLogMb: number(8, 'size of the console log kept per guest'),
  consoleBy: oneOf(
    ['socket', 'tcp'],
    'socket',
    'how the console proxy connects to a guest; tcp: needed when the proxy runs on another host',
  ),
  transferListen: text('49152', 'port, or address:port, at which other hosts fetch guests that move; 0: any free port'),
  cephKeyring: text('', 'keyring of the cephx user that guests reach RBD volumes as; empty: there is none'),
  fakeHosts: number(1, 'number of fake hosts in this process; several are named host-1, host-2 …'),
  fakeVcpus: number(64, 'CPUs of a fake host'),
  fakeRamMb: number(262_144, 'memory of a fake host in MiB'),
  fakeDiskGb: number(4_096, 'disk of a fake host in GB'),
};

export type Config = ValuesOf<typeof section>;

/** An absolute path: guest processes are found by their working directory. */
export const directoryOf = (cloud: Cloud, config: Config): string =>
  resolve(config.directory || join(cloud.var, 'compute-agent'));

/** Above the ids that people, containers and systemd use. Many ranges, so that two clouds on one machine rarely share one. */
const firstUid = 1_900_000_000;
const rangeCount = 20_000;

export function uidsOf(
  cloud: Cloud,
  { uidFirst, uidCount }: Config,
): { readonly first: number; readonly count: number } {
  if (uidFirst > 0) return { first: uidFirst, count: uidCount };
  const number = [...cloud.id].reduce((sum, letter) => (sum * 37 + letter.charCodeAt(0)) % rangeCount, 0);
  return { first: firstUid + number * 1_000, count: Math.min(uidCount, 1_000) };
}
