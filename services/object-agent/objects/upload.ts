/** PUT of an object: a temporary file, then an atomic rename. */
import { join } from 'node:path';
import {
  type AgentAnswer,
  type AgentCall,
  type Block,
  blockBytes,
  type Headers,
  type Upload,
} from '#shared/contracts/object-agent.ts';
import { answer, away, placeAt } from '../context.ts';
import { type Disk, freeBytes, type Place } from '../drivers/device.ts';
import { codeOf, publish, unlink } from '../drivers/disk.ts';
import { temporaryFile } from '../drivers/temporary.ts';
import { encodeTrailer, type Trailer } from '../drivers/trailer.ts';
import { announceEntry, entryOf, type ObjectContext } from './announce.ts';
import { filesIn, removeObsolete } from './store.ts';

const kept =
  /^(content-type|etag|content-encoding|content-disposition|content-language|cache-control|expires|x-delete-at|x-object-manifest|x-static-large-object|x-robots-tag|x-object-meta-.+|x-object-sysmeta-.+|x-object-transient-sysmeta-.+)$/;

/** The headers that are stored with an object. */
export const keptOf = (headers: Headers): Headers =>
  Object.fromEntries(
    Object.entries(headers).filter(
      ([name, value]) => kept.test(name) && (value !== '' || name.startsWith('x-object-meta-')),
    ),
  );

export async function openUpload(context: ObjectContext, disk: Disk, call: AgentCall): Promise<Upload | AgentAnswer> {
  const place = placeAt(context, disk, 'object', call.path);
  return refusal(context, place, call) ?? uploading(context, place, call);
}

function refusal(context: ObjectContext, { disk, directory }: Place, { headers }: AgentCall): AgentAnswer | undefined {
  const { 'x-timestamp': timestamp = '', 'x-backend-length': length = '0' } = headers;
  const { data, gone } = filesIn(directory);
  const newest = data ?? gone ?? '';
  if (newest >= timestamp) return answer(409, { 'x-backend-timestamp': newest });
  if (freeBytes(disk) - Number(length) < context.settings.reserveMb * 2 ** 20) return away();
  return undefined;
}

function uploading(context: ObjectContext, place: Place, call: AgentCall): Upload {
  const file = temporaryFile(place.disk.root);
  const crcs: number[] = [];
  let held: readonly Buffer[] = [];
  let bytes = 0;

  const orTakeAway = async (work: Promise<void>) => {
    try {
      await work;
    } catch (error) {
      await file.remove();
      throw error;
    }
  };
  /** A last partial block is written with the trailer, so that a small object takes one write. */
  const write = async (block: Block) => {
    bytes += block.bytes;
    crcs.push(block.crc);
    if (block.bytes === blockBytes) await orTakeAway(file.write(block.chunks));
    else held = block.chunks;
  };
  const seal = async (trailer: Trailer) => {
    await file.write([...held, encodeTrailer(trailer)]);
    await file.seal();
  };
  const commit = async (footer: Headers): Promise<AgentAnswer> => {
    const timestamp = call.headers['x-timestamp'] ?? '';
    const headers = keptOf({ ...call.headers, ...footer });
    const trailer: Trailer = { path: call.path, timestamp, headers, bytes, crcs };
    try {
      await orTakeAway(seal(trailer));
      return await finish(context, place, trailer, file.path, footer['x-container-replicas']);
    } catch (error) {
      if (isFull(error)) return away();
      throw error;
    }
  };
  return { write, commit, abort: file.remove };
}

/** Makes the object visible. The temporary name is deleted last, so that after a crash the next start announces the object. */
async function finish(
  context: ObjectContext,
  place: Place,
  trailer: Trailer,
  temporary: string,
  replicas: string | undefined,
): Promise<AgentAnswer> {
  const { disk, directory } = place;
  await publish(disk.root, temporary, join(directory, `${trailer.timestamp}.data`));
  context.hashes.touch(place);
  const announced =
    replicas === undefined ? undefined : announceEntry(context, disk, trailer.path, entryOf(trailer), replicas);
  await Promise.all([removeObsolete(directory), announced]);
  await unlink(temporary);
  return answer(201, { etag: trailer.headers.etag ?? '' });
}

export const isFull = (error: unknown): boolean => ['ENOSPC', 'EDQUOT'].includes(codeOf(error) ?? '');
