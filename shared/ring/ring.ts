/**
 * Which devices hold what. Every device draws a number for every partition, weighted, and the order of the numbers is
 * the order of the devices: no table to keep, the same answer everywhere, and a device that comes or goes moves only
 * what it takes or leaves.
 */
import { createHash, hash as hashOf } from 'node:crypto';

export interface Device {
  /** Who it is, whatever its weight: the draw depends on it. */
  readonly key: string;
  readonly zone: string;
  /** host:port of the agent that has it. */
  readonly address: string;
  /** The directory below the agent's own. */
  readonly name: string;
  readonly weight: number;
}

export interface Ring {
  readonly devices: readonly Device[];
  readonly replicas: number;
  readonly partPower: number;
  /** What agents and proxies of this ring say to each other so as to be believed. */
  readonly secret: string;
}

export interface Place {
  readonly partition: number;
  /** The hash that names the directory: 32 hex digits. */
  readonly hash: string;
}

/** Where an account, container or object belongs. */
export function placeOf(ring: Ring, ...path: readonly string[]): Place {
  const hash = hashOf('sha256', `/${path.join('/')}`).slice(0, 32);
  return { hash, partition: partitionOf(ring, hash) };
}

const partitionOf = ({ partPower }: Pick<Ring, 'partPower'>, hash: string): number =>
  Number.parseInt(hash.slice(0, 8), 16) >>> (32 - partPower);

export interface Nodes {
  /** As many as there are replicas, if there are as many devices: in different zones first. */
  readonly primaries: readonly Device[];
  /** Who stands in for them, in this order. */
  readonly handoffs: readonly Device[];
}

const known = new WeakMap<Ring, Map<number, Nodes>>();

export function nodesOf(ring: Ring, partition: number): Nodes {
  const partitions = known.get(ring) ?? new Map<number, Nodes>();
  known.set(ring, partitions);
  const nodes = partitions.get(partition) ?? drawn(ring, partition);
  partitions.set(partition, nodes);
  return nodes;
}

function drawn({ devices, replicas }: Ring, partition: number): Nodes {
  const order = devices
    .filter(({ weight }) => weight > 0)
    .map((device) => ({ device, score: scoreOf(device, partition) }))
    .sort((a, b) => b.score - a.score)
    .map(({ device }) => device);
  const spread = apart(order);
  return { primaries: spread.slice(0, replicas), handoffs: spread.slice(replicas) };
}

/** The first of each zone, then the second of each: neighbours in the order stand apart. */
function apart(order: readonly Device[]): Device[] {
  const seen = new Map<string, number>();
  const turns = order.map((device) => {
    const turn = seen.get(device.zone) ?? 0;
    seen.set(device.zone, turn + 1);
    return { device, turn };
  });
  return turns.sort((a, b) => a.turn - b.turn).map(({ device }) => device);
}

/** Weighted rendezvous hashing: the chance to win is the share of the weight. */
function scoreOf({ key, weight }: Device, partition: number): number {
  const digest = createHash('sha256').update(`${partition}/${key}`).digest();
  const uniform = (digest.readUIntBE(0, 6) + 1) / (2 ** 48 + 1);
  return -weight / Math.log(uniform);
}

/** More than half of them. */
export const quorumOf = (replicas: number): number => Math.floor(replicas / 2) + 1;
