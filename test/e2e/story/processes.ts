/** The processes of a cloud on this machine, found by what they are, ended by their number. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type StoryCloud, until } from './cloud.ts';

interface Found {
  readonly pid: number;
  readonly words: readonly string[];
  /** Where it works. */
  readonly folder: string;
}

function processes(): Found[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
        return [{ pid: Number(name), words, folder: readlinkSync(`/proc/${name}/cwd`) }];
      } catch {
        return []; // it ended while we looked
      }
    });
}

/** Guests work in folders of the cloud. */
export const guestsOf = ({ folder }: StoryCloud): number[] =>
  processes()
    .filter((each) => /qemu-system/.test(each.words[0] ?? '') && each.folder.startsWith(folder))
    .map(({ pid }) => pid);

/** The broker of a cloud that is split. */
export const brokerOf = ({ folder }: StoryCloud): number[] =>
  processes()
    .filter(({ words }) => /beam/.test(words[0] ?? '') && words.some((word) => word.includes(folder)))
    .map(({ pid }) => pid);

/** Wattle's own process, as its pid file names it. */
export const wattleOf = ({ folder }: StoryCloud, role = 'all'): number =>
  Number(readFileSync(join(folder, 'var/run', `${role}.pid`), 'utf8').match(/\d+/)?.[0]);

/** Kills them all at once, and waits until none is there. */
export async function killNow(...pids: readonly number[]): Promise<void> {
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await until('the killed are gone', async () => pids.every((pid) => !isThere(pid)));
}

/** A zombie is dead: its parent has only not looked yet. */
function isThere(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
