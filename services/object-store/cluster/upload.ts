/** Uploads an object to all its replicas at once, and computes its checksum. */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { within } from '#shared/clock/within.ts';
import { type AgentCall, type Block, type Headers, isAnswer, type Upload } from '#shared/contracts/object-agent.ts';
import { askDevice } from '#shared/ring/reach.ts';
import { Interrupted, readBlocks } from '#shared/ring/read-blocks.ts';
import { type Device, placeOf, quorumOf } from '#shared/ring/ring.ts';
import type { ObjectStore } from '../context.ts';
import { refuse, unavailable } from '../requests/refusals.ts';
import { devicesFor, quorumFirst, shareOf } from './write.ts';

interface Sending {
  readonly path: readonly string[];
  readonly timestamp: string;
  readonly headers: Headers;
  /** Undefined when the client did not send it. */
  readonly length: number | undefined;
  readonly body: Readable;
  readonly mostBytes: number;
  /** Called with the length of each chunk; an exception stops the upload. */
  readonly onBytes?: (bytes: number) => void;
  /** The MD5 that the client expects. */
  readonly etag: string | undefined;
  /** What becomes known with the last byte: given the MD5. */
  readonly footer?: (etag: string) => Headers;
}

/** Atomic: a quorum has the whole object, or no replica shows any of it. */
export async function upload(store: ObjectStore, sending: Sending): Promise<{ etag: string; bytes: number }> {
  const uploads = await open(store, sending);
  try {
    const { etag, bytes } = await send(store, sending, uploads);
    await commit(store, sending.path, [...uploads], { etag, ...sending.footer?.(etag) });
    return { etag, bytes };
  } catch (error) {
    await Promise.allSettled([...uploads].map(({ upload: each }) => each.abort()));
    throw error instanceof Interrupted ? refuse(499) : error;
  }
}

interface Open {
  readonly device: Device;
  readonly upload: Upload;
}

async function open(store: ObjectStore, sending: Sending): Promise<Set<Open>> {
  const { ring } = store;
  const { first, rest } = devicesFor(store, sending.path);
  const asked = first.map((device) => openSlot(store, sending, device, rest));
  const outcomes: (Open | 'newer')[] = [];
  const all = asked.map((slot) => slot.then((outcome) => outcome && outcomes.push(outcome)));
  await within(openPatience * store.settings.patienceMs, Promise.all(all));
  const inTime = [...outcomes];
  const uploads = inTime.filter((outcome) => outcome !== 'newer');
  for (const slot of asked) void slot.then((late) => abortLate(late, inTime)).catch(() => {});
  if (uploads.length >= quorumOf(ring.replicas)) return new Set(uploads);
  await Promise.allSettled(uploads.map(({ upload }) => upload.abort()));
  throw inTime.includes('newer') ? refuse(409) : unavailable();
}

/** A device that is slower than this to begin is left out; the replicator brings it the object. */
const openPatience = 4;

async function abortLate(slot: Open | 'newer' | undefined, inTime: readonly (Open | 'newer')[]): Promise<void> {
  if (slot !== undefined && slot !== 'newer' && !inTime.includes(slot)) await slot.upload.abort();
}

async function openSlot(
  store: ObjectStore,
  { path, timestamp, headers, length }: Sending,
  first: Device,
  rest: Iterator<Device>,
): Promise<Open | 'newer' | undefined> {
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
    if (outcome && !isAnswer(outcome)) return { device, upload: outcome };
    if (outcome?.status === 409) return 'newer';
    store.log.warn({ device: device.key, path, status: outcome?.status }, 'a device did not accept an object');
  }
  return undefined;
}

async function send(
  store: ObjectStore,
  sending: Sending,
  uploads: Set<Open>,
): Promise<{ etag: string; bytes: number }> {
  const hash = createHash('md5');
  let bytes = 0;
  const onChunk = (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > sending.mostBytes) throw refuse(413);
    sending.onBytes?.(chunk.length);
    hash.update(chunk);
  };
  const onBlock = async (block: Block) => {
    await Promise.all([...uploads].map((each) => writeOrDrop(store, uploads, each, block)));
    if (uploads.size < quorumOf(store.ring.replicas)) throw unavailable();
  };
  await readBlocks(sending.body, { onChunk, onBlock });
  const etag = hash.digest('hex');
  if (sending.etag !== undefined && sending.etag !== etag) throw refuse(422);
  return { etag, bytes };
}

/** A device that fails in the middle is left out; the replicator brings it the object. */
async function writeOrDrop({ log }: ObjectStore, uploads: Set<Open>, each: Open, block: Block): Promise<void> {
  try {
    await each.upload.write(block);
  } catch (error) {
    uploads.delete(each);
    log.warn({ device: each.device.key, error }, 'a device failed in the middle of an object');
    await each.upload.abort().catch(() => {});
  }
}

async function commit(
  store: ObjectStore,
  path: readonly string[],
  uploads: readonly Open[],
  footer: Headers,
): Promise<void> {
  const { ring, settings } = store;
  const shares = uploads.map((_upload, slot) => shareOf(ring.replicas, slot, uploads.length));
  const done = uploads.map((each, slot) =>
    finish(store, each, { ...footer, 'x-container-replicas': shares[slot] ?? '' }),
  );
  const asked = done.map(async (one, slot) => {
    const device = await one;
    if (!device) await notifyViaPeer(store, path, shares[slot] ?? '', done);
    return device;
  });
  const devices = await quorumFirst(asked, quorumOf(ring.replicas), settings.patienceMs);
  if (devices.length < quorumOf(ring.replicas)) throw unavailable();
}

/** Returns the device when it has the object or a newer one. */
async function finish({ log }: ObjectStore, { device, upload }: Open, footer: Headers): Promise<Device | undefined> {
  try {
    const { status } = await upload.commit(footer);
    return status < 300 || status === 409 ? device : undefined;
  } catch (error) {
    log.warn({ device: device.key, error }, 'a device did not finish an object');
    return undefined;
  }
}

/** A device that did not finish has not announced the object to its part of the container's replicas: another one does. */
async function notifyViaPeer(
  { ring, reach }: ObjectStore,
  path: readonly string[],
  replicas: string,
  done: readonly Promise<Device | undefined>[],
): Promise<void> {
  const helper = (await Promise.all(done)).find((device) => device !== undefined);
  if (!helper) return;
  const { partition, hash } = placeOf(ring, ...path);
  const query = { ask: 'announce', hash, replicas };
  await askDevice(reach, helper, { kind: 'object', method: 'REPLICATE', partition, path: [], query });
}
