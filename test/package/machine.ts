/** A machine of namespaces with a systemd of its own as process 1: as quick as this machine, and rebooted as one. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '#shared/process/run.ts';
import { ensureRoot, unit } from './guest.ts';

/** Everything that changes is in a tmpfs of the mount namespace, but for what the folder has: the layer that a reboot keeps. */
const begin = `set -e
mkdir -p "$1/upper" "$1/work" "$1/all"
mount -t overlay overlay -o lowerdir="$1/base",upperdir="$1/upper",workdir="$1/work" "$1/all"
cd "$1/all"
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t tmpfs -o mode=755 tmpfs sys/fs/cgroup
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount --rbind /dev dev
for each in run tmp; do mount -t tmpfs -o mode=755 tmpfs $each; done
chmod 1777 tmp
ip link set lo up
hostname package-test
mkdir -p old
pivot_root . old
umount -l /old
container=lxc exec /lib/systemd/systemd --show-status=0`;

export interface Machine {
  readonly folder: string;
}

export async function makeMachine(folder: string, deb: string, say: (text: string) => void): Promise<Machine> {
  const archive = await ensureRoot(say);
  const base = join(folder, 'base');
  mkdirSync(base);
  say('unpacking Debian');
  await run(['tar', '-xf', archive, '-C', base], { timeoutMs: 600_000 });
  const upper = join(folder, 'upper');
  const units = join(upper, 'etc/systemd/system');
  mkdirSync(join(units, 'multi-user.target.wants'), { recursive: true });
  mkdirSync(join(upper, 'root'));
  cpSync(deb, join(upper, 'root/wattle.deb'));
  cpSync(join(import.meta.dirname, 'in-guest.sh'), join(upper, 'root/in-guest.sh'));
  writeFileSync(join(upper, 'root/console'), '');
  writeFileSync(join(units, 'package-test.service'), `${unit}Environment=CONSOLE=/root/console\n`);
  await run(['ln', '-s', '../package-test.service', join(units, 'multi-user.target.wants/package-test.service')]);
  await run(['ln', '-s', '/dev/null', join(units, 'tgt.service')]);
  return { folder };
}

const giveUpMs = 900_000;

/** Boots, and boots again after a reboot; yields each line that the script says, until it says `end`. */
export async function* runMachine(t: TestContext, { folder }: Machine): AsyncGenerator<string> {
  const isolation = ['--mount', '--pid', '--fork', '--kill-child', '--uts', '--ipc', '--cgroup', '--net'];
  let machine: ChildProcess | undefined;
  t.after(async () => {
    if (!machine || machine.exitCode !== null || machine.signalCode !== null) return;
    machine.kill('SIGKILL');
    await once(machine, 'exit');
  });
  const console = join(folder, 'upper/root/console');
  let seen = 0;
  for (const until = Date.now() + giveUpMs; Date.now() < until; await sleep(200)) {
    if (!machine || machine.exitCode !== null || machine.signalCode !== null)
      machine = spawn('unshare', [...isolation, '--propagation', 'private', 'bash', '-c', begin, 'begin', folder], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
    const lines = existsSync(console) ? readFileSync(console, 'utf8').split('\n').slice(0, -1) : [];
    for (const line of lines.slice(seen)) yield line.replace(/^### /, '');
    seen = lines.length;
    if (lines.at(-1) === '### end') return;
  }
  throw new Error(`no end after ${giveUpMs / 1000} s`);
}
