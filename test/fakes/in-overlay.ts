/** Runs a script in a copy of this machine's root: an overlay in a mount namespace of its own, so that nothing outside changes. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandResult, tryRun } from '#shared/process/run.ts';

/** Without systemd, /run, /tmp, and what other clouds of this machine have. */
const prepare = `set -e
mount -t tmpfs tmpfs "$1"; mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o lowerdir=/,upperdir="$1/upper",workdir="$1/work" "$1/root"
mount -t proc proc "$1/root/proc"; mount --rbind /dev "$1/root/dev"
for each in run tmp var/lib/wattle; do mkdir -p "$1/root/$each"; mount -t tmpfs tmpfs "$1/root/$each"; done
mkdir "$1/root/tmp/given"; mount --bind "$2" "$1/root/tmp/given"; cp "$3" "$1/root/tmp/script"
exec chroot "$1/root" /bin/bash -e /tmp/script
`;

/** The script finds the files of the folder in /tmp/given. Needs root. */
export async function runInOverlay(folder: string, script: string): Promise<CommandResult> {
  const place = mkdtempSync(join(tmpdir(), 'overlay-'));
  const file = join(folder, 'script');
  writeFileSync(file, `export PATH=/usr/sbin:/usr/bin:/sbin:/bin\n${script}`);
  chmodSync(place, 0o755);
  try {
    const unshare = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private'];
    return await tryRun([...unshare, 'bash', '-c', prepare, 'prepare', place, folder, file], { timeoutMs: 300_000 });
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}
