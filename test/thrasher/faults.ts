/** Faults of a cloud whose parts are processes of their own: each ends by itself or is ended by `undo`. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Part, parts } from '../../deploy/roles.ts';
import { sendSignal } from '../../shared/process/signal.ts';
import type { StoryCloud } from '../e2e/story/cloud.ts';
import { brokerOf, rolePid } from '../e2e/story/processes.ts';
import type { Random } from './random.ts';

export interface Fault {
  readonly name: string;
  /** Resolves when the fault is over, with whether there was a process; the supervisor restarts what was killed. */
  happen(cloud: StoryCloud): Promise<boolean>;
}

const longestPauseMs = 6_000;
/** Twice as long as a host may be silent before it is down. */
const lateMs = 61_000;

/** An agent that wakes after its host was declared down. */
export const lateWake = (agent: Part): Fault => pause(agent, lateMs, (cloud) => pidOf(cloud, agent));

/** Throws when a kind of fault would find no process, so that it never happened. */
export function requireTargets(cloud: StoryCloud): void {
  const found = { broker: brokerOf(cloud)[0], database: databaseOf(cloud) };
  for (const [what, pid] of Object.entries(found)) if (pid === undefined) throw new Error(`no process of the ${what}`);
  for (const part of parts) if (pidOf(cloud, part) === undefined) throw new Error(`no process of ${part}`);
}

export function nextFault(random: Random): Fault {
  const part = random.pick(parts) as Part;
  const pauseMs = 500 + random.below(longestPauseMs);
  const kinds: readonly Fault[] = [
    ...Array.from({ length: 4 }, () => kill(part, (cloud) => pidOf(cloud, part))),
    ...Array.from({ length: 2 }, () => pause(part, pauseMs, (cloud) => pidOf(cloud, part))),
    kill('broker', (cloud) => brokerOf(cloud)[0]),
    pause('broker', pauseMs, (cloud) => brokerOf(cloud)[0]),
    kill('database', databaseOf),
    pause('database', pauseMs, databaseOf),
  ];
  return random.pick(kinds) as Fault;
}

type Find = (cloud: StoryCloud) => number | undefined;

const kill = (what: string, find: Find): Fault => ({
  name: `kill ${what}`,
  happen: async (cloud) => signal(find(cloud), 'SIGKILL'),
});

const pause = (what: string, ms: number, find: Find): Fault => ({
  name: `pause ${what} for ${ms} ms`,
  happen: async (cloud) => {
    const pid = find(cloud);
    const isThere = signal(pid, 'SIGSTOP');
    await sleep(ms);
    signal(pid, 'SIGCONT');
    return isThere;
  },
});

/** False for what is being restarted, which has no process. */
function signal(pid: number | undefined, name: NodeJS.Signals): boolean {
  if (pid === undefined) return false;
  try {
    sendSignal(pid, name);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    return false;
  }
}

function pidOf(cloud: StoryCloud, part: Part): number | undefined {
  try {
    return rolePid(cloud, part) || undefined;
  } catch {
    return undefined; // its pid file is being written
  }
}

function databaseOf({ folder }: StoryCloud): number | undefined {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => {
      try {
        const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return argv.startsWith('/usr/sbin/mariadbd') && argv.includes(folder);
      } catch {
        return false; // it has ended
      }
    });
}
