/**
 * A reserve for a full disk: a file of some MiB that is deleted when the disk is full, so that deletes can write their rows,
 * and created again once there is space. Until then the disk counts as **short**, and shared/http/full-disk.ts refuses
 * requests that need space.
 */
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export interface Reserve {
  /** True while the file is deleted. */
  isShort(): boolean;
  /** Deletes the file. Returns whether that freed space. */
  spend(): boolean;
  close(): void;
}

interface Options {
  readonly file: string;
  readonly bytes: number;
  /** The interval of checking for space; 2 s by default. */
  readonly lookMs?: number;
  readonly onChange?: (isShort: boolean) => void;
}

export function openReserve({ file, bytes, lookMs = 2000, onChange = () => {} }: Options): Reserve {
  let isHeld = hold(file, bytes);
  const look = () => {
    if (isHeld || !hasRoom(file, bytes) || !hold(file, bytes)) return;
    isHeld = true;
    onChange(false);
  };
  const timer = setInterval(look, lookMs).unref();
  const spend = () => {
    if (!isHeld) return false;
    rmSync(file, { force: true });
    isHeld = false;
    onChange(true);
    return true;
  };
  if (!isHeld) onChange(true);
  const close = () => {
    clearInterval(timer);
    held.delete(reserve);
  };
  const reserve: Reserve = { isShort: () => !isHeld, spend, close };
  held.add(reserve);
  return reserve;
}

/** All reserves of this process. */
const held = new Set<Reserve>();

/** Deletes all reserve files. Returns whether that freed space, so that the failed write can be retried. */
export const spendReserves = (): boolean => [...held].map((reserve) => reserve.spend()).includes(true);

export const isDiskShort = (): boolean => {
  for (const reserve of held) if (reserve.isShort()) return true;
  return false;
};

/** Whether there is space for the reserve and as much again, so that the next row does not use it up. */
function hasRoom(file: string, bytes: number): boolean {
  try {
    const { bavail, bsize } = statfsSync(dirname(file));
    return bavail * bsize > 2 * bytes;
  } catch {
    return false;
  }
}

/** Writes the file with data, since a sparse file reserves nothing. Returns false when there is no space. */
function hold(file: string, bytes: number): boolean {
  try {
    mkdirSync(dirname(file), { recursive: true });
    const fd = openSync(file, 'w', 0o600);
    try {
      const block = Buffer.alloc(1024 * 1024, 0x57);
      for (let at = 0; at < bytes; at += block.length) {
        const part = block.subarray(0, Math.min(block.length, bytes - at));
        if (writeSync(fd, part) < part.length) throw new Error('the disk is full');
      }
    } finally {
      closeSync(fd);
    }
    return true;
  } catch {
    rmSync(file, { force: true });
    return false;
  }
}
