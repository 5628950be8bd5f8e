/**
 * Images in the object store, in the account of this service: data in objects `<name>/<number>`, its segments, and a static large object
 * `<name>` of them, which is written last. Any controller can serve an image, and losing a disk of the ring loses none.
 */
import { PassThrough, type Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { Ask, Reply } from '#shared/clients/http.ts';
import type { Session } from '#shared/clients/session.ts';
import { Unavailable } from '#shared/errors/fault.ts';
import type { Reservation } from '#shared/files/room.ts';
import type { ImageBytes, NewBytes } from './image-bytes.ts';

const container = '/images';
const MiB = 2 ** 20;
/** A segment takes as long as its client needs. */
const segmentMs = 24 * 3_600_000;

/** Doubles with each hundred segments, so that a thousand hold more than the largest image. At most 4 GiB, below the limit of an object. */
export const segmentBytesAt = (index: number): number => 64 * MiB * 2 ** Math.min(6, Math.floor(index / 100));

type Place = Pick<Session, 'raw'>;

export const objectStoreImages = (session: Place, bytesAt = segmentBytesAt): ImageBytes => ({
  begin: async (name) => {
    await done(session, 'PUT', container);
    return beginObject(session, name, bytesAt);
  },
  open: async (name, range) => {
    const headers: Record<string, string> = range ? { range: `bytes=${range.start}-${range.end}` } : {};
    const reply = await ask(session, 'GET', `${container}/${name}`, { headers });
    if (reply.status === 200 || reply.status === 206) return reply.stream;
    reply.stream.destroy();
    if (reply.status !== 404) throw refused(reply, `GET ${name}`);
    throw Object.assign(new Error(`the object store has no ${name}`), { code: 'ENOENT' });
  },
  remove: async (name) => {
    await done(session, 'DELETE', `${container}/${name}`, {}, [404]);
    for (const segment of await listNames(session, `${name}/`))
      await done(session, 'DELETE', `${container}/${segment}`, {}, [404]);
  },
  names: async () => {
    const all = await listNames(session, '');
    return [...new Set(all.map((name) => name.split('/')[0] ?? ''))];
  },
  reserve: async () => unlimited,
});

/** The ring refuses a segment when its disks are full. */
const unlimited: Reservation = { grow: async () => {}, wrote: () => {}, release: () => {} };

interface Segment {
  readonly path: string;
  readonly body: PassThrough;
  readonly reply: Promise<Reply>;
  bytes: number;
}

interface Stored {
  readonly path: string;
  readonly etag: string;
  readonly size_bytes: number;
}

function beginObject(session: Place, name: string, bytesAt: (index: number) => number): NewBytes {
  const stored: Stored[] = [];
  let current: Segment | undefined;
  let isPublished = false;
  const finish = async (): Promise<void> => {
    if (!current) return;
    const { path, body, reply, bytes } = current;
    current = undefined;
    body.end();
    const answer = await expectDone(await reply, `PUT ${path}`);
    stored.push({ path, etag: String(answer.headers.etag).replaceAll('"', ''), size_bytes: bytes });
  };
  return {
    write: async (bytes) => {
      for (let at = 0; at < bytes.length; ) {
        current ??= beginSegment(session, `${container}/${name}/${String(stored.length).padStart(5, '0')}`);
        const part = bytes.subarray(at, at + bytesAt(stored.length) - current.bytes);
        await send(current, part);
        at += part.length;
        if (current.bytes === bytesAt(stored.length)) await finish();
      }
    },
    read: async (offset, length) => {
      await finish();
      return readStored(session, stored, offset, length);
    },
    publish: async () => {
      await finish();
      const path = `${container}/${name}`;
      const manifest = JSON.stringify(stored);
      if (stored.length === 0) await done(session, 'PUT', path, { body: Buffer.alloc(0) });
      else await done(session, 'PUT', `${path}?multipart-manifest=put`, { body: manifest });
      isPublished = true;
    },
    discard: async () => {
      current?.body.destroy();
      current?.reply.catch(() => {});
      current = undefined;
      if (isPublished) return;
      for (const { path } of stored.splice(0)) await done(session, 'DELETE', path, {}, [404]);
    },
  };
}

function beginSegment(session: Place, path: string): Segment {
  const body = new PassThrough();
  const reply = ask(session, 'PUT', path, { body, timeoutMs: segmentMs });
  reply.catch(() => {}); // send and finish see it
  return { path, body, reply, bytes: 0 };
}

/** Copies the bytes, because the caller uses its buffer again. Throws when the store answers before the end. */
async function send(segment: Segment, bytes: Buffer): Promise<void> {
  const { body, reply, path } = segment;
  segment.bytes += bytes.length;
  if (body.write(Buffer.from(bytes))) return;
  const early = reply.then((answer) => expectDone(answer, `PUT ${path}`));
  await Promise.race([new Promise<void>((resolve) => body.once('drain', resolve)), early]);
}

async function readStored(session: Place, stored: readonly Stored[], offset: number, length: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let start = 0;
  for (const { path, size_bytes: size } of stored) {
    const [from, to] = [Math.max(0, offset - start), Math.min(size, offset + length - start)];
    start += size;
    if (from >= to) continue;
    const reply = await ask(session, 'GET', path, { headers: { range: `bytes=${from}-${to - 1}` } });
    if (reply.status !== 206 && reply.status !== 200) throw refused(reply, `GET ${path}`);
    parts.push(await buffer(reply.stream));
  }
  return Buffer.concat(parts);
}

async function listNames(session: Place, prefix: string): Promise<string[]> {
  const names: string[] = [];
  for (;;) {
    const query = new URLSearchParams({ format: 'json', prefix, marker: names.at(-1) ?? '' });
    const reply = await ask(session, 'GET', `${container}?${query}`);
    const text = (await buffer(reply.stream)).toString();
    if (reply.status === 404 || reply.status === 204) return names;
    if (reply.status !== 200) throw refused(reply, 'the list of images');
    const page = JSON.parse(text) as { readonly name: string }[];
    if (page.length === 0) return names;
    names.push(...page.map(({ name }) => name));
  }
}

const ask = (session: Place, method: string, path: string, more: Ask = {}): Promise<Reply> =>
  session.raw('object-store', path, { method, ...more });

/** Throws unless the answer is a success or one of these. */
async function done(session: Place, method: string, path: string, more: Ask = {}, also: readonly number[] = []) {
  await expectDone(await ask(session, method, path, more), `${method} ${path}`, also);
}

async function expectDone(reply: Reply, what: string, also: readonly number[] = []): Promise<Reply> {
  await buffer(reply.stream as Readable);
  if (reply.status < 300 || also.includes(reply.status)) return reply;
  throw refused(reply, what);
}

function refused({ status }: Reply, what: string): Error {
  if (status === 507 || status === 413)
    return Object.assign(new Error(`${what}: the ring is full`), { code: 'ENOSPC' });
  const message = `The object store, which has the data of images, answered ${status}: try again in a moment.`;
  return new Unavailable(message, { cause: new Error(what) });
}
