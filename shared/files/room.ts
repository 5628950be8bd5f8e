/**
 * Reserves disk space before it is written. Part of the disk (`reserveBytes`) stays free for database rows and deletes.
 * Reservations count for all stores of this process on the same disk.
 */
import { stat, statfs } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** Has the code ENOSPC, like the kernel's error. */
export class NoRoom extends Error {
  readonly code = 'ENOSPC';
  constructor(wantedBytes: number, freeBytes: number) {
    super(`No space left on device: ${wantedBytes} bytes are needed, ${Math.max(0, freeBytes)} are free for it`);
  }
}

export interface Reservation {
  /** Throws NoRoom. */
  grow(bytes: number): Promise<void>;
  /** Reduces the reservation by bytes that have been written. */
  wrote(bytes: number): void;
  /** Ends the reservation of what was not written. */
  release(): void;
}

export interface Room {
  /** The free bytes without the reserve; negative when others have used part of the reserve. */
  freeBytes(): Promise<number>;
  /** Throws NoRoom. */
  reserve(bytes: number): Promise<Reservation>;
  /** Runs work of unknown size; aborts it with NoRoom when it uses part of the reserve. */
  within<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>;
}

export interface RoomOptions {
  /** What stays free, but at most a twentieth of the disk. */
  readonly reserveBytes: number;
  readonly lookMs?: number;
}

/** Reserved and not yet written, by device. */
const outstanding = new Map<number, number>();

export async function openRoom(folder: string, { reserveBytes, lookMs = 200 }: RoomOptions): Promise<Room> {
  const { dev } = await stat(folder);
  const add = (bytes: number) => void outstanding.set(dev, (outstanding.get(dev) ?? 0) + bytes);
  const freeBytes = async (): Promise<number> => {
    const { bavail, blocks, bsize } = await statfs(folder);
    return bavail * bsize - Math.min(reserveBytes, (blocks * bsize) / 20) - (outstanding.get(dev) ?? 0);
  };
  const take = async (bytes: number): Promise<void> => {
    const free = await freeBytes();
    if (bytes > free) throw new NoRoom(bytes, free);
    add(bytes); // nothing is awaited between the check and this
  };
  const reserve = async (bytes: number): Promise<Reservation> => {
    await take(bytes);
    let left = bytes;
    const give = (given: number) => {
      const back = Math.min(left, given);
      left -= back;
      add(-back);
    };
    const grow = async (more: number) => {
      await take(more);
      left += more;
    };
    return { grow, wrote: give, release: () => give(left) };
  };
  return { freeBytes, reserve, within: (work) => watch(freeBytes, lookMs, work) };
}

async function watch<T>(
  freeBytes: Room['freeBytes'],
  lookMs: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const before = await freeBytes();
  if (before < 0) throw new NoRoom(0, before);
  const ending = new AbortController();
  const done = new AbortController();
  const look = async (): Promise<void> => {
    while (!done.signal.aborted) {
      const free = await freeBytes();
      if (free < 0) return ending.abort(new NoRoom(0, free));
      await sleep(lookMs, undefined, { signal: done.signal }).catch(() => {});
    }
  };
  const looking = look();
  try {
    return await work(ending.signal);
  } catch (error) {
    throw ending.signal.aborted ? ending.signal.reason : error;
  } finally {
    done.abort();
    await looking;
  }
}
