/**
 * Compares the content of the devices with the other primaries, and pushes what they lack. Nothing is pulled, so replicas
 * that differ converge. A handoff deletes its copy when all primaries have it.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import type { Kind } from '#shared/contracts/object-agent.ts';
import { type Device, nodesOf } from '#shared/ring/ring.ts';
import { diskOf } from '../context.ts';
import { type Disk, type Partition, partitionsOf } from '../drivers/device.ts';
import { type AgentWorld, partitionDigest } from './answers.ts';
import { handOver, pushDatabases } from './databases.ts';
import { handOverObjects, pushObjects } from './objects.ts';
import { type Digests, digestsFrom, isPlaceName, partitionsFrom } from './peer-json.ts';
import { askPeer } from './peers.ts';

const kinds: readonly Kind[] = ['account', 'container', 'object'];

export async function replicate(context: AgentWorld, device: string): Promise<void> {
  const disk = diskOf(context, device);
  if (!disk) return;
  context.repair.begin(device);
  for (const kind of kinds) {
    await comparePrimaries(context, disk, kind);
    await handOff(context, disk, kind);
  }
  context.repair.end(device);
}

const isMe = ({ address }: AgentWorld, disk: Disk, device: Device): boolean =>
  device.address === address && device.name === disk.name;

/** The partitions of this device by peer, so that one call per peer compares all of them. */
async function comparePrimaries(context: AgentWorld, disk: Disk, kind: Kind): Promise<void> {
  const peers = new Map<Device, Record<string, string>>();
  for (const at of partitionsOf(disk, kind)) {
    const { primaries } = nodesOf(context.ring, at.partition);
    if (!primaries.some((device) => isMe(context, disk, device))) continue;
    await breathe(); // lets other calls be served
    const digest = partitionDigest(context, at);
    for (const peer of primaries.filter((device) => !isMe(context, disk, device)))
      peers.set(peer, { ...peers.get(peer), [at.partition]: digest });
  }
  for (const [peer, digests] of peers) {
    const differing = await differingAt(context, peer, kind, digests);
    context.repair.found(disk.name, differing.length);
    for (const partition of differing) {
      await push(context, { disk, kind, partition }, peer);
      context.repair.compared(disk.name);
    }
  }
}

async function differingAt(context: AgentWorld, peer: Device, kind: Kind, digests: Digests): Promise<number[]> {
  const body = Buffer.from(JSON.stringify(digests));
  const call = { kind, partition: 0, query: { ask: 'differing' }, body };
  const found = await askPeer(context, peer, call, partitionsFrom);
  return found?.filter((partition) => digests[partition] !== undefined) ?? [];
}

async function push(context: AgentWorld, at: Partition, peer: Device): Promise<void> {
  const { kind, partition } = at;
  const call = { kind, partition, query: { ask: 'hashes' } };
  const theirs = await askPeer(context, peer, call, (said) => digestsFrom(said, isPlaceName));
  if (!theirs) return;
  if (kind === 'object') await pushObjects(context, at, peer, theirs);
  else await pushDatabases(context, at, peer, theirs);
}

async function handOff(context: AgentWorld, disk: Disk, kind: Kind): Promise<void> {
  for (const at of partitionsOf(disk, kind)) {
    const { primaries } = nodesOf(context.ring, at.partition);
    if (primaries.some((device) => isMe(context, disk, device))) continue;
    if (kind === 'object') await handOverObjects(context, at, primaries);
    else await handOver(context, at, primaries);
  }
}
