/**
 * Placement of accounts, containers and objects on devices.
 * - **partition**: the first `partPower` bits of the hash of a path;
 * - **primaries**: the devices of the replicas of a partition, as the rows of the ring say;
 * - **handoffs**: the devices that replace an unreachable primary, in order;
 * - **zone**: devices that may fail together; replicas are in different zones where possible, as in different regions and hosts.
 *
 * The devices that a partition should have follow from weighted rendezvous hashing: every device gets a score for every
 * partition, and the highest scores have its replicas, so that adding or removing a device moves only its own data. Its rows say
 * where the replicas are: they follow step by step (`moves.ts`). A ring without rows is where it should be.
 */
import { createHash, hash as hashOf } from 'node:crypto';
import type { Device } from './device.ts';

export type { Device } from './device.ts';

export interface Ring {
  readonly devices: readonly Device[];
  readonly replicas: number;
  readonly partPower: number;
  /** The shared secret that authenticates proxies and agents to each other. */
  readonly secret: string;
  /** Increases with each change of the devices and rows. */
  readonly version?: number;
  /** The keys of the primaries of each partition. */
  readonly rows?: readonly (readonly string[])[];
}

export interface Place {
  readonly partition: number;
  /** The hash that names the directory: 32 hex digits. */
  readonly hash: string;
}

/** Returns the partition and hash of an account, container or object. */
export function placeOf(ring: Ring, ...path: readonly string[]): Place {
  const hash = hashOf('sha256', `/${path.join('/')}`).slice(0, 32);
  return { hash, partition: partitionOf(ring, hash) };
}

const partitionOf = ({ partPower }: Pick<Ring, 'partPower'>, hash: string): number =>
  Number.parseInt(hash.slice(0, 8), 16) >>> (32 - partPower);

export interface Nodes {
  /** One device per replica, fewer when there are fewer devices. */
  readonly primaries: readonly Device[];
  /** All other devices, in the order in which they replace primaries. */
  readonly handoffs: readonly Device[];
}

interface Known {
  readonly version: number | undefined;
  readonly partitions: Map<number, Nodes>;
}

const known = new WeakMap<Ring, Known>();

/** Returns the devices of a partition; cached for the version of the ring. */
export function nodesOf(ring: Ring, partition: number): Nodes {
  let cached = known.get(ring);
  if (!cached || cached.version !== ring.version) cached = { version: ring.version, partitions: new Map() };
  known.set(ring, cached);
  const nodes = cached.partitions.get(partition) ?? findNodes(ring, partition);
  cached.partitions.set(partition, nodes);
  return nodes;
}

function findNodes({ devices, replicas, rows }: Ring, partition: number): Nodes {
  const row = rows?.[partition];
  if (!row) {
    const ranked = rankDevices(devices, partition);
    return { primaries: ranked.slice(0, replicas), handoffs: ranked.slice(replicas) };
  }
  const primaries = row.flatMap((key) => devices.filter((device) => device.key === key));
  return { primaries, handoffs: rankDevices(devices, partition, primaries) };
}

/** The devices with a weight, the one that should have the next replica first; without and beside those that have one. */
export function rankDevices(devices: readonly Device[], partition: number, taken: readonly Device[] = []): Device[] {
  const order = devices
    .filter((device) => device.weight > 0 && !taken.includes(device))
    .map((device) => ({ device, score: scoreOf(device, partition) }))
    .sort((a, b) => b.score - a.score)
    .map(({ device }) => device);
  return spread(order, taken);
}

/** What may fail together, from the largest to the smallest. */
const failing = ({ region = '1', zone, address }: Device): string[] => [
  `r ${region}`,
  `z ${region} ${zone}`,
  `h ${address}`,
];

/** Takes next a device of the region that is used least, of its zone that is used least, and of its host, and among these the first. */
function spread(order: readonly Device[], taken: readonly Device[]): Device[] {
  const used = new Map<string, number>();
  const use = (device: Device) => {
    for (const name of failing(device)) used.set(name, (used.get(name) ?? 0) + 1);
    return device;
  };
  taken.forEach(use);
  const rest = new Set(order);
  const next = () => {
    const counted = [...rest].map((device) => ({ device, counts: failing(device).map((name) => used.get(name) ?? 0) }));
    return counted.reduce((best, each) => (isLess(each.counts, best.counts) ? each : best)).device;
  };
  return order.map(() => {
    const device = use(next());
    rest.delete(device);
    return device;
  });
}

function isLess(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((count, index) => count !== b[index]);
  return at >= 0 && (a[at] ?? 0) < (b[at] ?? 0);
}

/** How many regions, zones and hosts these are in: larger is better. */
export function spreadOf(devices: readonly Device[]): number {
  const counts = [0, 1, 2].map((level) => new Set(devices.map((device) => failing(device)[level])).size);
  return counts.reduce((sum, count) => sum * 1_000 + count, 0);
}

/** The probability of the highest score is proportional to the weight. */
function scoreOf({ key, weight }: Device, partition: number): number {
  const digest = createHash('sha256').update(`${partition}/${key}`).digest();
  const uniform = (digest.readUIntBE(0, 6) + 1) / (2 ** 48 + 1);
  return -weight / Math.log(uniform);
}

/** More than half of the replicas. */
export const quorumOf = (replicas: number): number => Math.floor(replicas / 2) + 1;
