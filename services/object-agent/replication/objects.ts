/** Replication of objects: pushes them to a peer, by the calls that client writes use. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type AgentCall, isAnswer } from '#shared/contracts/object-agent.ts';
import type { Device } from '#shared/ring/ring.ts';
import { type Disk, hashDirectory, hashesIn } from '../drivers/device.ts';
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
  disk: Disk,
  partition: number,
  peer: Device,
  theirs: Digests,
): Promise<void> {
  for (const [suffix, hash] of context.hashes.suffixes(disk, partition))
    if (theirs[suffix] !== hash) await pushSuffix(context, disk, partition, suffix, peer);
}

/** Returns whether the peer has all objects of this suffix. */
async function pushSuffix(
  context: AgentWorld,
  disk: Disk,
  partition: number,
  suffix: string,
  peer: Device,
): Promise<boolean> {
  const call = { kind: 'object', partition, query: { ask: 'holdings', suffix } } as const;
  const theirs = await askPeer(context, peer, call, holdingsFrom);
  if (!theirs) return false;
  let whole = true;
  for (const { hash } of [...hashesIn(disk, 'object', partition, [suffix])])
    whole = (await pushObject(context, disk, partition, hash, peer, theirs[hash] ?? {})) && whole;
  return whole;
}

async function pushObject(
  context: AgentWorld,
  disk: Disk,
  partition: number,
  hash: string,
  peer: Device,
  theirs: Omit<Files, 'obsolete'>,
): Promise<boolean> {
  const directory = hashDirectory(disk, 'object', partition, hash);
  const ours = filesIn(directory);
  const has = theirs.data ?? theirs.gone ?? '';
  try {
    if (ours.gone && ours.gone > has)
      return await pushSmall(context, peer, partition, 'DELETE', join(directory, `${ours.gone}.ts`));
    const sent =
      !ours.data ||
      ours.data <= has ||
      (await pushData(context, peer, partition, join(directory, `${ours.data}.data`)));
    if (!sent || !ours.meta || ours.meta <= (theirs.meta ?? '') || theirs.gone) return sent;
    return await pushSmall(context, peer, partition, 'POST', join(directory, `${ours.meta}.meta`));
  } catch (error) {
    if (error instanceof CorruptObject) quarantine(context, disk, partition, hash, error);
    context.log.warn({ device: disk.name, hash, peer: peer.key, error }, 'an object was not replicated');
    return false;
  }
}

const taken = (status: number): boolean => status < 300 || status === 409;

async function pushSmall(
  { reach }: AgentWorld,
  peer: Device,
  partition: number,
  method: 'DELETE' | 'POST',
  file: string,
): Promise<boolean> {
  const { path, timestamp, headers } = readTrailer(file);
  const all = { ...headers, 'x-timestamp': timestamp, [fromPeer]: 'true' };
  const { status } = await reach
    .agentOf(peer)
    .ask({ kind: 'object', method, device: peer.name, partition, path, headers: all });
  return taken(status) || (method === 'DELETE' && status === 404);
}

async function pushData({ reach }: AgentWorld, peer: Device, partition: number, file: string): Promise<boolean> {
  const opened = openFile(file);
  try {
    const { path, timestamp, headers, bytes } = opened.trailer;
    const length = { 'x-timestamp': timestamp, 'x-backend-length': String(bytes) };
    const call: AgentCall = {
      kind: 'object',
      method: 'PUT',
      device: peer.name,
      partition,
      path,
      headers: { ...headers, ...length },
    };
    const upload = await reach.agentOf(peer).upload(call);
    if (isAnswer(upload)) return taken(upload.status);
    for (const [number, crc] of opened.trailer.crcs.entries()) {
      const chunk = await readBlock(opened, number);
      await upload.write({ chunks: [chunk], bytes: chunk.length, crc });
    }
    const { status } = await upload.commit({});
    return taken(status);
  } finally {
    await close(opened.fd);
  }
}

/** Pushes a partition of a handoff to its primaries, and deletes each object then. */
export async function handOverObjects(
  context: AgentWorld,
  disk: Disk,
  partition: number,
  primaries: readonly Device[],
): Promise<void> {
  for (const suffix of context.hashes.suffixes(disk, partition).keys()) {
    const before = [...hashesIn(disk, 'object', partition, [suffix])];
    const files = before.map((found) => ({ ...found, last: lastOf(filesIn(found.directory)) }));
    const given = await Promise.all(primaries.map((peer) => pushSuffix(context, disk, partition, suffix, peer)));
    if (!given.every(Boolean)) continue;
    for (const { hash, directory, last } of files) {
      if (lastOf(filesIn(directory)) !== last) continue; // changed meanwhile
      rmSync(directory, { recursive: true, force: true });
      removeEmpty(directory);
      context.hashes.touch(disk.name, partition, hash);
    }
  }
}
