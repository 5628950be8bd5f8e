/** What replication has done, for those who watch it, and how fast it may send. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RepairProgress } from '#shared/contracts/object-device.ts';

export interface Repair {
  /** A pass over a device. */
  begin(device: string): void;
  end(device: string): void;
  /** Partitions that differ from a peer, and one of them that was compared. */
  found(device: string, differing: number): void;
  compared(device: string): void;
  pushed(device: string, bytes: number): void;
  /** Waits until so many bytes may be sent. */
  limit(bytes: number): Promise<void>;
  progressOf(device: string): RepairProgress;
}

const none: RepairProgress = { startedAt: 0, endedAt: 0, differing: 0, compared: 0, objects: 0, bytes: 0 };

export function openRepair(mbPerSecond: number): Repair {
  const devices = new Map<string, RepairProgress>();
  const progressOf = (device: string) => devices.get(device) ?? none;
  const update = (device: string, change: (before: RepairProgress) => Partial<RepairProgress>) => {
    const before = progressOf(device);
    devices.set(device, { ...before, ...change(before) });
  };
  return {
    progressOf,
    begin: (device) => update(device, () => ({ startedAt: Date.now(), differing: 0, compared: 0 })),
    end: (device) => update(device, () => ({ endedAt: Date.now() })),
    found: (device, count) => update(device, ({ differing }) => ({ differing: differing + count })),
    compared: (device) => update(device, ({ compared }) => ({ compared: compared + 1 })),
    pushed: (device, more) => update(device, ({ objects, bytes }) => ({ objects: objects + 1, bytes: bytes + more })),
    limit: openLimit(mbPerSecond * 2 ** 20),
  };
}

/** Spaces what is sent, so that no second has more than its share. */
function openLimit(bytesPerSecond: number): (bytes: number) => Promise<void> {
  let freeAt = 0;
  return async (bytes) => {
    if (bytesPerSecond <= 0) return;
    const now = performance.now();
    const start = Math.max(now, freeAt);
    freeAt = start + (bytes / bytesPerSecond) * 1_000;
    if (start > now) await sleep(start - now);
  };
}
