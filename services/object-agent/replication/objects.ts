/** Replication of objects: pushes them to a peer, by the calls that client writes use. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { isAnswer } from '#shared/contracts/object-agent.ts';
import type { Device } from '#shared/ring/ring.ts';
import { hashesIn, type Partition, type Place } from '../drivers/device.ts';
import { close } from '../drivers/disk.ts';
import { CorruptObject } from '../drivers/trailer.ts';
import { removeEmpty } from '../objects/hashes.ts';
import { quarantine } from '../objects/quarantine.ts';
import { readBlock } from '../objects/read.ts';
import { fromPeer } from '../objects/remove.ts';
import { type Files, filesIn, lastOf, openFile, readTrailer } from '../objects/store.ts';
import type { AgentWorld } from './answers.ts';
import { type Digests, holdingsFrom } from './peer-json.ts';
import { askPeer } from './peers.ts';

export async function pushObjects(
  context: AgentWorld,
  partition: Partition,
  peer: Device,
  theirs: Digests,
): Promise<void> {
  for (const [suffix, hash] of context.hashes.suffixes(partition))
    if (theirs[suffix] !== hash) await pushSuffix(context, partition, suffix, peer);
}

/** Returns whether the peer has all objects of this suffix. */
async function pushSuffix(context: AgentWorld, at: Partition, suffix: string, peer: Device): Promise<boolean> {
  const call = { kind: 'object', partition: at.partition, query: { ask: 'holdings', suffix } } as const;
  const theirs = await askPeer(context, peer, call, holdingsFrom);
  if (!theirs) return false;
  let whole = true;
  for (const place of [...hashesIn(at, [suffix])])
    whole = (await pushObject(context, place, peer, theirs[place.hash] ?? {})) && whole;
  return whole;
}

type Held = Omit<Files, 'obsolete'>;

async function pushObject(context: AgentWorld, place: Place, peer: Device, theirs: Held): Promise<boolean> {
  const { disk, hash, directory } = place;
  const ours = filesIn(directory);
  const has = theirs.data ?? theirs.gone ?? '';
  const at = { context, peer, partition: place.partition };
  try {
    if (ours.gone && ours.gone > has) return await pushSmall(at, 'DELETE', join(directory, `${ours.gone}.ts`));
    const isNewer = ours.data !== undefined && ours.data > has;
    const sent = !isNewer || (await pushData(at, disk.name, join(directory, `${ours.data}.data`)));
    if (!sent || !ours.meta || ours.meta <= (theirs.meta ?? '') || theirs.gone) return sent;
    return await pushSmall(at, 'POST', join(directory, `${ours.meta}.meta`));
  } catch (error) {
    if (error instanceof CorruptObject) quarantine(context, place, error);
    context.log.warn({ device: disk.name, hash, peer: peer.key, error }, 'an object was not replicated');
    return false;
  }
}

interface At {
  readonly context: AgentWorld;
  readonly peer: Device;
  readonly partition: number;
}

const taken = (status: number): boolean => status < 300 || status === 409;

async function pushSmall({ context, peer, partition }: At, method: 'DELETE' | 'POST', file: string): Promise<boolean> {
  const { path, timestamp, headers: kept } = readTrailer(file);
  const headers = { ...kept, 'x-timestamp': timestamp, [fromPeer]: 'true' };
  const call = { kind: 'object', method, device: peer.name, partition, path, headers } as const;
  const { status } = await context.reach.agentOf(peer).ask(call);
  return taken(status) || (method === 'DELETE' && status === 404);
}

async function pushData({ context, peer, partition }: At, device: string, file: string): Promise<boolean> {
  const opened = openFile(file);
  try {
    const { path, timestamp, headers: kept, bytes, crcs } = opened.trailer;
    const headers = { ...kept, 'x-timestamp': timestamp, 'x-backend-length': String(bytes) };
    const call = { kind: 'object', method: 'PUT', device: peer.name, partition, path, headers } as const;
    const upload = await context.reach.agentOf(peer).upload(call);
    if (isAnswer(upload)) return taken(upload.status);
    for (const [number, crc] of crcs.entries()) {
      const chunk = await readBlock(opened, number);
      await context.repair.limit(chunk.length);
      await upload.write({ chunks: [chunk], bytes: chunk.length, crc });
    }
    const { status } = await upload.commit({});
    if (status < 300) context.repair.pushed(device, bytes);
    return taken(status);
  } finally {
    await close(opened.fd);
  }
}

/** Pushes a partition of a handoff to its primaries, and deletes each object then. */
export async function handOverObjects(
  context: AgentWorld,
  partition: Partition,
  primaries: readonly Device[],
): Promise<void> {
  for (const suffix of context.hashes.suffixes(partition).keys()) {
    const before = [...hashesIn(partition, [suffix])];
    const files = before.map((place) => ({ place, last: lastOf(filesIn(place.directory)) }));
    const given = await Promise.all(primaries.map((peer) => pushSuffix(context, partition, suffix, peer)));
    if (!given.every(Boolean)) continue;
    for (const { place, last } of files) {
      if (lastOf(filesIn(place.directory)) !== last) continue; // changed meanwhile
      rmSync(place.directory, { recursive: true, force: true });
      removeEmpty(place.directory);
      context.hashes.touch(place);
    }
  }
}
