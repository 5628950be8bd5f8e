/** Large objects: a manifest that names its segments (static), or what their names begin with (dynamic). */
import { createHash } from 'node:crypto';
import type { Headers } from '#shared/contracts/object-agent.ts';
import type { Entry, Listed } from '#shared/contracts/object-entry.ts';
import { Fault } from '#shared/errors/fault.ts';
import type { Bytes } from '#shared/http/bytes.ts';
import type { Call } from '#shared/http/route.ts';
import { read } from '../cluster/read.ts';
import type { ObjectStore } from '../context.ts';
import { authorize } from '../requests/authorize.ts';
import { listingLimit } from '../requests/listing.ts';
import { refuse } from '../requests/refusals.ts';
import { decoded, type Way, wayFrom } from '../requests/request.ts';
import type { Range } from './conditions.ts';
import { chained, objectSource, openObject, type Part, type Source, wholeOf } from './source.ts';

export const segmentLimits = { count: 1000, manifestBytes: 8 * 1024 * 1024, depth: 10 };

/** One line of a stored manifest, as `multipart-manifest=get` shows it. */
export interface Segment {
  readonly name: string;
  readonly hash: string;
  readonly bytes: number;
  readonly content_type: string;
  readonly last_modified: string;
  /** Part of the segment: `0-99`. */
  readonly range?: string;
  /** It is a large object itself. */
  readonly sub_slo?: boolean;
}

/** What a client gets who reads this object: itself, or all that it stands for. */
export async function resolved(store: ObjectStore, call: Call, way: Way, source: Source, depth = 0): Promise<Source> {
  if (call.query['multipart-manifest'] === 'get' && depth === 0) return asManifest(source);
  const { 'x-object-manifest': dynamic, 'x-static-large-object': fixed } = source.headers;
  if (dynamic !== undefined) return dynamicSource(store, call, way, source, dynamic);
  if (fixed !== undefined) return staticSource(store, call, way, source, depth);
  return source;
}

const asManifest = (source: Source): Source =>
  source.headers['x-static-large-object'] === undefined
    ? source
    : { ...source, headers: { ...source.headers, 'content-type': 'application/json; charset=utf-8' } };

async function dynamicSource(
  store: ObjectStore,
  call: Call,
  way: Way,
  source: Source,
  manifest: string,
): Promise<Source> {
  const [container = '', ...rest] = manifest.split('/').map((word) => decoded(Buffer.from(word, 'latin1').toString()));
  const from = { ...way, container, object: rest.join('/') };
  await authorize(store, call, from, 'GET');
  const entries = await segmentsBelow(store, from);
  const parts = entries.map(({ name, bytes }): Part => {
    const segment = { ...from, object: name };
    return { source: { open: (range) => openObject(store, segment, range) }, length: bytes };
  });
  const etag = md5(entries.map((entry) => entry.etag).join(''));
  return strung(source, parts, entries.length === 0 ? source.etag : `"${etag}"`);
}

async function segmentsBelow(store: ObjectStore, { account, container, object }: Way): Promise<Entry[]> {
  const found: Entry[] = [];
  for (let marker = ''; ; marker = found.at(-1)?.name ?? '') {
    const query = { prefix: object, marker, limit: String(listingLimit) };
    const page = await read(store, { kind: 'container', method: 'GET', path: [account, container], query }).catch(
      orNone,
    );
    const entries = JSON.parse(String(page?.body ?? '[]')) as Listed[];
    found.push(...(entries as Entry[]));
    if (entries.length < listingLimit) return found;
  }
}

/** A container that is not there has no segments. */
function orNone(error: unknown): undefined {
  if (!(error instanceof Fault) || error.status !== 404) throw error;
}

async function staticSource(store: ObjectStore, call: Call, way: Way, source: Source, depth: number): Promise<Source> {
  if (depth >= segmentLimits.depth) throw refuse(409, 'Max recursion depth exceeded');
  const segments = JSON.parse(String(await contentOf(source))) as Segment[];
  const parts = segments.map((segment) =>
    partOf(store, call, wayFrom(way.account, segment.name, false), segment, depth),
  );
  const etag = source.headers['x-object-sysmeta-slo-etag'] ?? source.etag;
  return strung({ ...source, headers: { ...source.headers, 'x-manifest-etag': source.etag } }, parts, `"${etag}"`);
}

/** Opened when it is needed, for it may be a large object too; never if it has changed since. */
function partOf(store: ObjectStore, call: Call, way: Way, segment: Segment, depth: number): Part {
  const { from, to } = rangeIn(segment);
  const open = async (range: Range): Promise<Bytes> => {
    await authorize(store, call, way, 'GET');
    const stored = await objectSource(store, way);
    const whole = segment.sub_slo ? await resolved(store, call, way, stored, depth + 1) : stored;
    if (whole.etag.replaceAll('"', '') !== segment.hash) throw refuse(409, `${segment.name} has changed`);
    return whole.open({ from: from + range.from, to: Math.min(from + range.to, to) });
  };
  return { source: { open }, length: to - from + 1 };
}

export function rangeIn({ range, bytes }: Pick<Segment, 'range' | 'bytes'>): Range {
  const [from = '0', to = ''] = range?.split('-') ?? [];
  if (from === '') return { from: Math.max(0, bytes - Number(to)), to: bytes - 1 };
  return { from: Number(from), to: to === '' ? bytes - 1 : Math.min(Number(to), bytes - 1) };
}

function strung(source: Source, parts: readonly Part[], etag: string): Source {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const headers: Headers = { ...source.headers, etag };
  return { headers, length, etag, open: async (range) => chained(parts, range) };
}

export async function contentOf(source: Source): Promise<Buffer> {
  const bytes = await source.open(wholeOf(source.length));
  const chunks: Buffer[] = [];
  for (let chunk = await bytes.read(); chunk; chunk = await bytes.read()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
