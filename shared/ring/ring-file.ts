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
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { BadSettings } from '#shared/config/settings.ts';
import type { Ring } from './ring.ts';

export const isPartPower = (partPower: number) => Number.isInteger(partPower) && partPower >= 1 && partPower <= 20;

/** Saves the ring, and returns it with the secret of the file when it has none. Throws BadSettings for another partPower. */
export function saveRing(directory: string, input: Ring): Ring {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, 'object-ring.json');
  const before =
    readRingFile(file) ?? first(file, { ...input, secret: input.secret || randomBytes(24).toString('hex') });
  if (before.partPower !== input.partPower)
    throw new BadSettings(
      `object-ring.partPower is ${before.partPower} in ${file} and cannot become ${input.partPower}`,
    );
  const ring = { ...input, secret: input.secret || before.secret };
  if (JSON.stringify(before) !== JSON.stringify(ring)) write(ring, file, renameSync);
  return ring;
}

/** The ring in use; undefined before the first start of a proxy or an agent here. */
export const findRing = (directory: string): Ring | undefined => readRingFile(join(directory, 'object-ring.json'));

function readRingFile(file: string): Ring | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Ring;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new BadSettings(`${file} cannot be read`, { cause: error });
  }
}

/** Creates the file. When two processes do so at once, link(2) lets one succeed, and both use its file. */
function first(file: string, ring: Ring): Ring {
  write(ring, file, (from, to) => {
    try {
      linkSync(from, to);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      rmSync(from);
    }
  });
  return readRingFile(file) ?? ring;
}

function write(ring: Ring, file: string, publish: (from: string, to: string) => void): void {
  const temporary = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const fd = openSync(temporary, 'wx', 0o600);
  writeSync(
    fd,
    JSON.stringify({ devices: ring.devices, replicas: ring.replicas, partPower: ring.partPower, secret: ring.secret }),
  );
  fsyncSync(fd);
  closeSync(fd);
  publish(temporary, file);
}
