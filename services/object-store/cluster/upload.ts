/** An object to all its replicas at once, hashed on the way. */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import {
  type AgentAnswer,
  type AgentCall,
  type Block,
  type Headers,
  isAnswer,
  type Upload,
} from '#shared/contracts/object-agent.ts';
import { Interrupted, pour } from '#shared/ring/pour.ts';
import { type Device, placeOf, quorumOf } from '#shared/ring/ring.ts';
import type { ObjectStore } from '../context.ts';
import { refuse, unavailable } from '../requests/refusals.ts';
import { devicesFor, quorumFirst, shareOf } from './write.ts';

export interface Sending {
  readonly path: readonly string[];
  readonly timestamp: string;
  readonly headers: Headers;
  /** Undefined when the client did not say. */
  readonly length: number | undefined;
  readonly body: Readable;
  readonly mostBytes: number;
  /** The MD5 that the client expects. */
  readonly etag: string | undefined;
  /** What becomes known with the last byte: given the MD5. */
  readonly footer?: (etag: string) => Headers;
}

/** All or nothing: a quorum has the object, or nobody shows any of it. */
export async function upload(store: ObjectStore, sending: Sending): Promise<{ etag: string; bytes: number }> {
  const uploads = await open(store, sending);
  try {
    const { etag, bytes } = await send(store, sending, uploads);
    await commit(store, [...uploads], { etag, ...sending.footer?.(etag) });
    return { etag, bytes };
  } catch (error) {
    await Promise.allSettled([...uploads].map((each) => each.abort()));
    throw error instanceof Interrupted ? refuse(499) : error;
  }
}

async function open(store: ObjectStore, sending: Sending): Promise<Set<Upload>> {
  const { ring } = store;
  const rest = devicesFor(store, sending.path);
  const first = [...Array(Math.min(ring.replicas, ring.devices.length)).keys()].map(() => rest.next().value as Device);
  const outcomes = await Promise.all(first.map((device) => openSlot(store, sending, device, rest)));
  const uploads = outcomes.filter((outcome) => outcome !== undefined && !isAnswer(outcome)) as Upload[];
  if (uploads.length >= quorumOf(ring.replicas)) return new Set(uploads);
  await Promise.allSettled(uploads.map((each) => each.abort()));
  const newer = outcomes.filter((outcome) => outcome && isAnswer(outcome) && outcome.status === 409);
  throw newer.length > 0 ? refuse(409) : unavailable();
}

async function openSlot(
  store: ObjectStore,
  { path, timestamp, headers, length }: Sending,
  first: Device,
  rest: Iterator<Device>,
): Promise<Upload | AgentAnswer | undefined> {
  const { partition } = placeOf(store.ring, ...path);
  const all = {
    ...headers,
    'x-timestamp': timestamp,
    ...(length === undefined ? {} : { 'x-backend-length': String(length) }),
  };
  for (let device: Device | undefined = first; device; device = rest.next().value) {
    const call: AgentCall = { kind: 'object', method: 'PUT', device: device.name, partition, path, headers: all };
    const outcome = await store.reach
      .agentOf(device)
      .upload(call)
      .catch(() => undefined);
    if (outcome && (!isAnswer(outcome) || outcome.status === 409)) return outcome;
    store.log.warn(
      { device: device.key, path, status: outcome && isAnswer(outcome) ? outcome.status : undefined },
      'a device did not take an object',
    );
  }
  return undefined;
}

async function send(
  store: ObjectStore,
  sending: Sending,
  uploads: Set<Upload>,
): Promise<{ etag: string; bytes: number }> {
  const hash = createHash('md5');
  let bytes = 0;
  const onChunk = (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > sending.mostBytes) throw refuse(413);
    hash.update(chunk);
  };
  const onBlock = async (block: Block) => {
    await Promise.all([...uploads].map((each) => writeOrDrop(store, uploads, each, block)));
    if (uploads.size < quorumOf(store.ring.replicas)) throw unavailable();
  };
  await pour(sending.body, { onChunk, onBlock });
  const etag = hash.digest('hex');
  if (sending.etag !== undefined && sending.etag !== etag) throw refuse(422);
  return { etag, bytes };
}

/** A device that fails in the middle is left behind; the replicator brings it what it missed. */
async function writeOrDrop({ log }: ObjectStore, uploads: Set<Upload>, each: Upload, block: Block): Promise<void> {
  try {
    await each.write(block);
  } catch (error) {
    uploads.delete(each);
    log.warn({ error }, 'a device was lost in the middle of an object');
    await each.abort().catch(() => {});
  }
}

async function commit(store: ObjectStore, uploads: readonly Upload[], footer: Headers): Promise<void> {
  const { ring, settings, log } = store;
  const asked = uploads.map(async (each, slot) => {
    try {
      const share = { 'x-container-replicas': shareOf(ring.replicas, slot, uploads.length) };
      const { status } = await each.commit({ ...footer, ...share });
      return status < 300 || status === 409 ? status : undefined;
    } catch (error) {
      log.warn({ error }, 'a device did not finish an object');
      return undefined;
    }
  });
  const answers = await quorumFirst(asked, quorumOf(ring.replicas), settings.patienceMs);
  if (answers.length < quorumOf(ring.replicas)) throw unavailable();
}
