/** var/object-ring.json: the ring in use, with mode 0600 because of its secret. */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { every } from '#shared/clock/every.ts';
import { BadSettings } from '#shared/config/settings.ts';
import { decodePlacement, encodePlacement, follow, type Given, type Placement } from './placement.ts';
import type { Ring } from './ring.ts';

export const isPartPower = (partPower: number) => Number.isInteger(partPower) && partPower >= 1 && partPower <= 20;

const fileIn = (directory: string) => join(directory, 'object-ring.json');

interface Stored {
  readonly secret: string;
  readonly partPower: number;
  /** Undefined in a file of an earlier version. */
  readonly placement: Placement | undefined;
}

interface FromSettings {
  readonly secret: string;
  /** The placement of a rack as JSON; empty: the file has it. */
  readonly placement: string;
}

/** Saves the ring, and returns it with the secret of the file when it has none. Throws BadSettings for another partPower. */
export function saveRing(directory: string, given: Given, { secret, placement }: FromSettings): Ring {
  mkdirSync(directory, { recursive: true });
  const file = fileIn(directory);
  const before =
    readStored(file) ?? createFile(file, secret || randomBytes(24).toString('hex'), follow(undefined, given));
  if (before.partPower !== given.partPower)
    throw new BadSettings(
      `object-ring.partPower is ${before.partPower} in ${file} and cannot become ${given.partPower}`,
    );
  const next = placement ? decodePlacement(JSON.parse(placement)) : follow(before.placement, given);
  const now = { secret: secret || before.secret, placement: next };
  if (before.secret !== now.secret || before.placement?.version !== next.version) write(file, now, renameSync);
  return ringOf(now.secret, next);
}

/** The placement in the file of a cloud. Throws BadSettings when there is none. */
export function readPlacement(directory: string): Placement {
  const placement = readStored(fileIn(directory))?.placement;
  if (!placement) throw new BadSettings(`there is no ring in ${fileIn(directory)} yet: start the cloud`);
  return placement;
}

/** Replaces the placement in the file, which processes notice within a second. */
export function writePlacement(directory: string, placement: Placement): void {
  const stored = readStored(fileIn(directory));
  if (stored) write(fileIn(directory), { secret: stored.secret, placement }, renameSync);
}

/** Brings a changed file into the ring that a process uses; `onChange` is called afterwards. */
export function followRingFile(ring: Ring, directory: string, onChange: () => void, onError: (error: unknown) => void) {
  const file = fileIn(directory);
  const stampOf = () => statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  let stamp = stampOf();
  const look = async () => {
    if (stampOf() === stamp) return;
    stamp = stampOf();
    const stored = readStored(file);
    if (!stored?.placement || stored.placement.version === ring.version) return;
    Object.assign(ring, ringOf(ring.secret, stored.placement));
    onChange();
  };
  return every(1_000, look, onError);
}

const ringOf = (secret: string, { version, devices, replicas, partPower, rows }: Placement): Ring => ({
  secret,
  version,
  devices,
  replicas,
  partPower,
  rows,
});

function readStored(file: string): Stored | undefined {
  try {
    const { secret, ...document } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    const placement = document.rows === undefined ? undefined : decodePlacement(document);
    return { secret: String(secret), partPower: Number(document.partPower), placement };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new BadSettings(`${file} cannot be read`, { cause: error });
  }
}

/** Creates the file. When two processes do so at once, link(2) lets one succeed, and both use its file. */
function createFile(file: string, secret: string, placement: Placement): Stored {
  write(file, { secret, placement }, (from, to) => {
    try {
      linkSync(from, to);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      rmSync(from);
    }
  });
  return readStored(file) ?? { secret, partPower: placement.partPower, placement };
}

function write(
  file: string,
  { secret, placement }: { readonly secret: string; readonly placement: Placement },
  publish: (from: string, to: string) => void,
): void {
  const temporary = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const fd = openSync(temporary, 'wx', 0o600);
  writeSync(fd, JSON.stringify({ ...encodePlacement(placement), secret }));
  fsyncSync(fd);
  closeSync(fd);
  publish(temporary, file);
}
