/** The processes of a cloud on this machine: found by command line and directory, killed by pid. */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { sendSignal } from '../../../shared/process/signal.ts';
import { type StoryCloud, until } from './cloud.ts';

interface Found {
  readonly pid: number;
  readonly argv: readonly string[];
  /** The working directory. */
  readonly folder: string;
}

function processes(): Found[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const argv = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
        return [{ pid: Number(name), argv, folder: readlinkSync(`/proc/${name}/cwd`) }];
      } catch {
        return []; // it ended meanwhile
      }
    });
}

/** QEMU processes whose working directory is below the cloud's. */
export const guestsOf = ({ folder }: StoryCloud): number[] =>
  processes()
    .filter((each) => /qemu-system/.test(each.argv[0] ?? '') && each.folder.startsWith(folder))
    .map(({ pid }) => pid);

/** The broker in the split layout. */
export const brokerOf = ({ folder }: StoryCloud): number[] =>
  processes()
    .filter(({ argv }) => /beam/.test(argv[0] ?? '') && argv.some((arg) => arg.includes(folder)))
    .map(({ pid }) => pid);

/** The process of a role, by its pid file. */
export const rolePid = ({ folder }: StoryCloud, role = 'all'): number =>
  Number(readFileSync(join(folder, 'var/run', `${role}.pid`), 'utf8').split('\n')[0]);

/** Sends SIGKILL to all, then waits until they have ended. */
export async function killNow(...pids: readonly number[]): Promise<void> {
  for (const pid of pids) sendSignal(pid, 'SIGKILL');
  await until('the killed processes have ended', async () => pids.every((pid) => !isAlive(pid)));
}

/** A zombie counts as ended. */
function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
