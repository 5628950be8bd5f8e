/** A Debian with systemd and the package in it, as the disk of an emulated guest; and what it says on its console. */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { run } from '#shared/process/run.ts';
import { ensurePackages } from '../../deploy/setup/apt.js';
import { cache } from '../../deploy/setup/paths.js';

const minutes = 60_000;

/** What a bare Debian lacks to run a cloud: tgt and others that start services come along with `wattle start`. */
const packages = [
  ...[
    'systemd',
    'systemd-sysv',
    'dbus',
    'udev',
    'linux-image-cloud-amd64',
    'initramfs-tools',
    'procps',
    'adduser',
    'curl',
  ],
  ...['iproute2', 'nftables', 'dnsmasq-base', 'netbase', 'openssl', 'genisoimage', 'logrotate'],
  ...['qemu-system-x86', 'qemu-utils', 'qemu-block-extra', 'tgt'],
];

export const canEmulate = process.getuid?.() === 0 && process.arch === 'x64' ? false : 'needs root, on x86-64';

/** An archive of Debian's root, made once with mmdebstrap. */
export async function ensureRoot(say: (text: string) => void): Promise<string> {
  const file = join(cache, 'package-test-root.tar');
  if (existsSync(file)) return file;
  const missing = await ensurePackages([{ name: 'mmdebstrap', has: 'mmdebstrap', why: 'a Debian to install into' }]);
  if (missing.length > 0) throw new Error('mmdebstrap could not be installed');
  say('debootstrapping Debian 12');
  mkdirSync(cache, { recursive: true });
  const include = `--include=${packages.join(',')}`;
  await run(['mmdebstrap', '--variant=minbase', '--format=tar', include, 'bookworm', `${file}.new`], {
    timeoutMs: 30 * minutes,
  });
  await run(['mv', `${file}.new`, file]);
  return file;
}

export const unit = `[Unit]
After=basic.target
[Service]
ExecStart=/bin/bash /root/in-guest.sh
TimeoutStopSec=5
`;

interface Disk {
  readonly image: string;
  readonly kernel: string;
  readonly initrd: string;
}

export async function makeDisk(folder: string, deb: string, say: (text: string) => void): Promise<Disk> {
  const archive = await ensureRoot(say);
  const tree = join(folder, 'root');
  mkdirSync(tree);
  say('making the disk');
  await run(['tar', '-xf', archive, '-C', tree], { timeoutMs: 10 * minutes });
  cpSync(deb, join(tree, 'root/wattle.deb'));
  cpSync(join(import.meta.dirname, 'in-guest.sh'), join(tree, 'root/in-guest.sh'));
  writeFileSync(join(tree, 'etc/fstab'), '/dev/vda / ext4 rw 0 1\n');
  const units = join(tree, 'etc/systemd/system');
  writeFileSync(join(units, 'package-test.service'), unit);
  symlinkSync('/etc/systemd/system/package-test.service', join(units, 'multi-user.target.wants/package-test.service'));
  rmSync(join(units, 'multi-user.target.wants/tgt.service'), { force: true }); // as set-up disables it
  const boot = readdirSync(join(tree, 'boot'));
  const take = (prefix: string) => {
    const name = boot.find((each) => each.startsWith(prefix)) ?? prefix;
    cpSync(join(tree, 'boot', name), join(folder, prefix));
    return join(folder, prefix);
  };
  const [kernel, initrd] = [take('vmlinuz'), take('initrd')];
  const image = join(folder, 'disk.img');
  writeFileSync(image, '');
  truncateSync(image, 4 * 2 ** 30);
  await run(['mke2fs', '-q', '-t', 'ext4', '-d', tree, image], { timeoutMs: 10 * minutes });
  rmSync(tree, { recursive: true });
  return { image, kernel, initrd };
}

/** Boots the disk; yields each line that the script in the guest says, until the guest powers itself off. */
export async function* boot(t: TestContext, { image, kernel, initrd }: Disk): AsyncGenerator<string> {
  const machine = [
    '-machine',
    'q35',
    '-accel',
    'tcg,thread=multi,tb-size=256',
    '-cpu',
    'max',
    '-smp',
    '2',
    '-m',
    '2048',
  ];
  const system = ['-kernel', kernel, '-initrd', initrd, '-append', 'root=/dev/vda rw console=ttyS0 quiet'];
  const devices = ['-drive', `file=${image},format=raw,if=virtio,cache=unsafe`, '-nic', 'none', '-nographic'];
  const qemu = spawn('qemu-system-x86_64', [...machine, ...system, ...devices], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => qemu.kill('SIGKILL'));
  for await (const line of createInterface({ input: qemu.stdout })) {
    const said = /### (.*?)\r?$/.exec(line)?.[1];
    if (said !== undefined) yield said;
  }
}
