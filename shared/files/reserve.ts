/**
 * Room kept back for a full disk: a file of some MiB that is given up when the disk is found full, so that deletes have
 * something to write with, and made anew once there is room. Meanwhile the disk counts as short: see shared/http.
 */
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export interface Reserve {
  /** True while the reserve is given up. */
  isShort(): boolean;
  /** Gives the reserve up. True when that has freed room just now. */
  spend(): boolean;
  close(): void;
}

interface Options {
  readonly file: string;
  readonly bytes: number;
  /** How often it looks whether there is room again; 2 s unless told. */
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

/** Those of this process: whoever meets a full disk need not know them. */
const held = new Set<Reserve>();

/** True when some room was freed just now: what failed may be tried once more. */
export const spendReserves = (): boolean => [...held].map((reserve) => reserve.spend()).includes(true);

export const isDiskShort = (): boolean => {
  for (const reserve of held) if (reserve.isShort()) return true;
  return false;
};

/** Room for the reserve, and as much again: else it would be spent by the next row. */
function hasRoom(file: string, bytes: number): boolean {
  try {
    const { bavail, bsize } = statfsSync(dirname(file));
    return bavail * bsize > 2 * bytes;
  } catch {
    return false;
  }
}

/** Writes it out: a hole would keep nothing back. False when there is no room for it. */
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
