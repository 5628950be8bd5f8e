/**
 * Which hosts are up. A report changes the **mark** of its host in the database (the time of the report). A service watches
 * the marks, and measures by its own monotonic clock for how long each has not changed: the **silence** of a host. So
 * neither a step of a wall clock nor a difference between those of two machines makes a host down.
 *
 * - **up**: has reported within the deadline.
 * - **lost**: was watched in silence for the whole deadline: what it had may be moved elsewhere. A host that this process
 *   does not know for that long yet is neither up nor lost.
 * - **held**: was lost more than once of late, and must report for a while before it is up again.
 *
 * Time in which reports could not arrive is not silence: without the bus or the database, or while this process stood still.
 */
import type { Bus } from '#shared/bus/bus.ts';
import { every } from '#shared/clock/every.ts';
import { lastStep } from '#shared/clock/steps.ts';
import { number } from '#shared/config/settings.ts';
import type { Log } from '#shared/log/log.ts';

/** The deadline, a setting of each service that has hosts. */
export const presenceSettings = {
  hostDownMs: number(
    25_000,
    'a host without a report for this long is down; at least three times idleMs of the agents',
  ),
};

/** The latest report of a host. */
export interface Mark {
  readonly host: string;
  /** In ms since 1970, by any clock. */
  readonly reportedAt: number;
}

export interface PresenceOptions {
  /** Reads the marks of all hosts. */
  readonly read: () => Promise<readonly Mark[]>;
  readonly bus: Pick<Bus, 'listeningSince'>;
  readonly log: Log;
  readonly hostDownMs: number;
  /** What is watched, for the log. */
  readonly what?: string;
}

export interface Presence {
  readonly downMs: number;
  isUp(mark: Mark): boolean;
  isLost(host: string): boolean;
  /** The mark of a host that is lost: a row that has another one by now is of a host that has returned. */
  lostMark(host: string): number | undefined;
  /** Lost or held: gets no new work. After a start, hosts are given the time to report. */
  isAvoided(host: string): boolean;
  /** How long this process has watched the host without a report. */
  silentMs(host: string): number;
  /** How much longer a host that was lost several times must report before it is up; 0 for all others. */
  heldMs(host: string): number;
  close(): Promise<void>;
}

interface Watched {
  mark: number;
  silentMs: number;
  /** It has reported since this process watches. */
  heard: boolean;
  lost: boolean;
  /** When it was lost, by the monotonic clock, of late. */
  lostAt: number[];
  heldUntil: number;
}

/** By the wall clock, which says nothing once it was set. */
const isRecent = (at: number, withinMs: number) => lastStep() > 0 || Math.abs(Date.now() - at) <= withinMs;

/** Losses within this time count. */
const memoryMs = 600_000;
const longestHoldMs = 300_000;
const longestTickMs = 1_000;

/** The first loss holds nothing; each further one within memoryMs holds the host one deadline longer. */
const holdMs = (losses: number, downMs: number) => Math.min(longestHoldMs, Math.max(0, losses - 1) * downMs);

export function openPresence({ read, bus, log, hostDownMs: downMs, what = 'reports' }: PresenceOptions): Presence {
  const watched = new Map<string, Watched>();
  const tickMs = Math.min(longestTickMs, Math.max(10, downMs / 10));
  let tickedAt = performance.now();
  /** The connection to the bus, and to the database, that the silence is counted in. */
  let since = bus.listeningSince();

  const startAgain = () => {
    for (const each of watched.values()) each.silentMs = 0;
  };
  const tick = async () => {
    const marks = await read();
    const now = performance.now();
    const elapsed = Math.min(now - tickedAt, 2 * tickMs);
    tickedAt = now;
    const connectedSince = bus.listeningSince();
    if (connectedSince === undefined || connectedSince !== since) startAgain();
    since = connectedSince;
    const known = new Set(marks.map(({ host }) => host));
    for (const host of watched.keys()) if (!known.has(host)) watched.delete(host);
    for (const { host, reportedAt } of marks) observe(host, reportedAt, elapsed, now);
  };
  const observe = (host: string, mark: number, elapsed: number, now: number) => {
    const each = watched.get(host);
    if (!each) {
      watched.set(host, { mark, silentMs: 0, heard: false, lost: false, lostAt: [], heldUntil: 0 });
    } else if (each.mark !== mark) {
      if (each.lost) returned(host, each, now);
      Object.assign(each, { mark, silentMs: 0, heard: true, lost: false });
    } else {
      each.silentMs += elapsed;
      if (each.lost || each.silentMs <= downMs) return;
      each.lost = true;
      each.lostAt = [...each.lostAt.filter((at) => now - at < memoryMs), now];
      log.warn({ host, what, silentMs: Math.round(each.silentMs) }, 'a host does not report and is down');
    }
  };
  const returned = (host: string, each: Watched, now: number) => {
    const holdForMs = holdMs(each.lostAt.length, downMs);
    each.heldUntil = now + holdForMs;
    log.warn({ host, what, losses: each.lostAt.length, holdForMs }, 'a host that was down reports again');
  };
  const onError = (error: unknown) => {
    startAgain();
    log.warn({ error }, 'the reports of hosts cannot be read; none is held to be down meanwhile');
  };
  const ticker = every(tickMs, tick, onError);
  ticker.wake();

  const heldMs = (host: string) => Math.max(0, (watched.get(host)?.heldUntil ?? 0) - performance.now());
  const isLost = (host: string) => watched.get(host)?.lost ?? false;
  return {
    downMs,
    silentMs: (host) => watched.get(host)?.silentMs ?? 0,
    heldMs,
    isLost,
    lostMark: (host) => (isLost(host) ? watched.get(host)?.mark : undefined),
    isAvoided: (host) => isLost(host) || heldMs(host) > 0,
    isUp: ({ host, reportedAt }) => {
      const each = watched.get(host);
      if (each?.lost || heldMs(host) > 0) return false;
      // Before its first report to this process only the wall clocks say how old the last one is.
      return each?.heard === true || each?.mark !== reportedAt || isRecent(reportedAt, downMs);
    },
    close: () => ticker.close(),
  };
}
