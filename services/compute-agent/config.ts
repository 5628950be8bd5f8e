/** The settings of the compute agent. */
import { join, resolve } from 'node:path';
import type { Cloud } from '#shared/config/cloud.ts';
import { number, oneOf, text, type ValuesOf } from '#shared/config/settings.ts';

export const section = {
  driver: oneOf(['auto', 'qemu', 'fake'], 'auto', 'what runs guests; auto: qemu; fake only writes them down'),
  directory: text('', 'where guests and copies of images live; empty: compute-agent below var'),
  qemu: text('qemu-system-x86_64', 'the program'),
  virtType: oneOf(
    ['auto', 'kvm', 'qemu'],
    'auto',
    'auto: KVM where a probe guest runs on it, else qemu, which emulates',
  ),
  cpuModel: text('auto', 'what guests see; auto: host with KVM, max without'),
  ports: number(20, 'how many disks and NICs a guest can have'),
  tbSizeMb: number(32, 'memory for translated code of a guest, without KVM'),
  uidFirst: number(0, 'the first user for guests, each has its own; 0: from a range that follows from the cloud’s id'),
  uidCount: number(1_000, 'how many users, one less than guests can be here'),
  imageCacheGb: number(20, 'how much room copies of images that no guest uses may take, all copies counted'),
  imageCacheDays: number(7, 'how long a copy that no guest uses is kept'),
  reserveMb: number(
    1_024,
    'what images, new disks and snapshots leave free, but never more than a twentieth of the disk',
  ),
  consoleLogMb: number(8, 'how much of a guest’s console is kept'),
  consoleBy: oneOf(['socket', 'tcp'], 'socket', 'how the console proxy reaches a guest; tcp: from another host'),
  fakeHosts: number(1, 'fake hosts in this process; more than one are named host-1, host-2 …'),
  fakeVcpus: number(64, 'processors of a fake host'),
  fakeRamMb: number(262_144, 'memory of a fake host'),
  fakeDiskGb: number(4_096, 'disk of a fake host'),
};

export type Config = ValuesOf<typeof section>;

/** Absolute: guests are found again by where they work. */
export const directoryOf = (cloud: Cloud, config: Config): string =>
  resolve(config.directory || join(cloud.var, 'compute-agent'));

/** Above what people, containers and systemd use, so that clouds on one machine seldom meet. */
const uidsFrom = 1_900_000_000;
const ranges = 20_000;

export function uidsOf(
  cloud: Cloud,
  { uidFirst, uidCount }: Config,
): { readonly first: number; readonly count: number } {
  if (uidFirst > 0) return { first: uidFirst, count: uidCount };
  const number = [...cloud.id].reduce((sum, letter) => (sum * 37 + letter.charCodeAt(0)) % ranges, 0);
  return { first: uidsFrom + number * 1_000, count: Math.min(uidCount, 1_000) };
}
