/** Facts of this host: its addresses and NICs, disks, version and boot. */
import { existsSync, readdirSync, readFileSync, statfsSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { dirname, join } from 'node:path';
import { startTimeOf } from '../processes/pid-file.ts';
import { root } from '../setup/paths.js';
import type { Disk } from './registry/protocol.ts';

export const version: string = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string })
  .version;

/** Unique to a boot of this machine, or of its namespace of processes. */
export const bootId = (): string => startTimeOf(1) ?? 'unknown';

export interface Nic {
  readonly name: string;
  /** IPv4 addresses. */
  readonly addresses: readonly string[];
}

/** NICs of this host, without loopback. */
export function listNics(): Nic[] {
  return Object.entries(networkInterfaces())
    .filter(([name]) => name !== 'lo')
    .map(([name, entries = []]) => ({
      name,
      addresses: entries.filter(({ family }) => family === 'IPv4').map(({ address }) => address),
    }));
}

/** Every address of this host, loopback included. */
export const listAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap((entries = []) => entries.map(({ address }) => address));

/** The NIC of the default route; undefined when there is none. */
export function defaultNic(): string | undefined {
  const routes = readFileSync('/proc/net/route', 'utf8').split('\n').slice(1);
  return routes.map((line) => line.split('\t')).find(([, destination]) => destination === '00000000')?.[0];
}

/** Node names are lower case without a domain. */
export const ownName = (): string => (hostname().split('.')[0] ?? '').toLowerCase();

const gib = 1024 ** 3;

/** Of the file system that has `path`, which need not exist yet. */
export function diskOf(path: string): Disk {
  const existing = existsSync(path) ? path : dirname(path);
  if (existing !== path && existing !== '/' && !existsSync(existing)) return { ...diskOf(existing), path };
  const { blocks, bavail, bsize } = statfsSync(existing);
  return { path, totalGb: Math.round((blocks * bsize) / gib), freeGb: Math.floor((bavail * bsize) / gib) };
}

/** The number of partitions of the ring with data on the devices in a directory. */
export function partitionsIn(devices: string): number {
  const kinds = namesIn(devices).flatMap((device) =>
    ['accounts', 'containers', 'objects'].map((kind) => join(devices, device, kind)),
  );
  const partitions = kinds.flatMap((kind) => namesIn(kind).map((partition) => join(kind, partition)));
  return partitions.filter((partition) => namesIn(partition).length > 0).length;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // there is no such folder
  }
}
