/**
 * Placement of accounts, containers and objects on devices, by weighted rendezvous hashing: every device gets a score for
 * every partition, and the highest scores have its replicas. There is no table to store, every process computes the same, and
 * adding or removing a device moves only its own data.
 * - **partition**: the first `partPower` bits of the hash of a path;
 * - **primaries**: the devices of the replicas; **handoffs**: those that replace an unreachable primary, in order;
 * - **zone**: devices that may fail together; replicas are in different zones where possible.
 */
import { createHash, hash as hashOf } from 'node:crypto';

export interface Device {
  /** Identifies the device and determines its scores. */
  readonly key: string;
  readonly zone: string;
  /** host:port of its agent. */
  readonly address: string;
  /** The directory below that of the agent. */
  readonly name: string;
  readonly weight: number;
}

export interface Ring {
  readonly devices: readonly Device[];
  readonly replicas: number;
  readonly partPower: number;
  /** The shared secret that authenticates proxies and agents to each other. */
  readonly secret: string;
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

const known = new WeakMap<Ring, Map<number, Nodes>>();

/** Returns the devices of a partition; cached. */
export function nodesOf(ring: Ring, partition: number): Nodes {
  const partitions = known.get(ring) ?? new Map<number, Nodes>();
  known.set(ring, partitions);
  const nodes = partitions.get(partition) ?? rankDevices(ring, partition);
  partitions.set(partition, nodes);
  return nodes;
}

function rankDevices({ devices, replicas }: Ring, partition: number): Nodes {
  const order = devices
    .filter(({ weight }) => weight > 0)
    .map((device) => ({ device, score: scoreOf(device, partition) }))
    .sort((a, b) => b.score - a.score)
    .map(({ device }) => device);
  const spread = spreadOverZones(order);
  return { primaries: spread.slice(0, replicas), handoffs: spread.slice(replicas) };
}

/** The first device of each zone, then the second of each, and so on. */
function spreadOverZones(order: readonly Device[]): Device[] {
  const seen = new Map<string, number>();
  const ranked = order.map((device) => {
    const rank = seen.get(device.zone) ?? 0;
    seen.set(device.zone, rank + 1);
    return { device, rank };
  });
  return ranked.sort((a, b) => a.rank - b.rank).map(({ device }) => device);
}

/** The probability of the highest score is proportional to the weight. */
function scoreOf({ key, weight }: Device, partition: number): number {
  const digest = createHash('sha256').update(`${partition}/${key}`).digest();
  const uniform = (digest.readUIntBE(0, 6) + 1) / (2 ** 48 + 1);
  return -weight / Math.log(uniform);
}

/** More than half of the replicas. */
export const quorumOf = (replicas: number): number => Math.floor(replicas / 2) + 1;
