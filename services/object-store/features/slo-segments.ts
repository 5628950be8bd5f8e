/** Large objects: the manifest names its segments (static) or the prefix of their names (dynamic). */
import type { Headers } from '#shared/contracts/object-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import { type Bytes, bytesIn, readAll } from '#shared/http/bytes.ts';
import type { Range } from '../objects/conditions.ts';
import { chained, md5, objectSource, type Part, type Source, wholeOf } from '../objects/source.ts';
import { authorize } from '../requests/authorize.ts';
import { refuse } from '../requests/refusals.ts';
import { type ObjectRequest, pathFrom } from '../requests/request.ts';
import type { StoredForm } from './feature.ts';
import { followed } from './symlink.ts';

export const segmentLimits = {
  count: 1000,
  manifestBytes: 8 * 1024 * 1024,
  depth: 10,
  /** Of a manifest with all nested ones. */
  total: 20_000,
};

/** One line of a stored manifest, as `multipart-manifest=get` shows it. */
export interface Segment {
  readonly name: string;
  readonly hash: string;
  readonly bytes: number;
  readonly content_type: string;
  readonly last_modified: string;
  /** Part of the segment: `0-99`. */
  readonly range?: string;
  /** The segment is a large object itself. */
  readonly sub_slo?: boolean;
  /** The segment is in the manifest, as base64, and has no name. */
  readonly data?: string;
}

export function inlineSegment(data: string): Segment {
  const bytes = Buffer.from(data, 'base64');
  return { name: '', hash: md5(bytes), bytes: bytes.length, content_type: '', last_modified: '', data };
}

export const isStatic = ({ headers }: Pick<Source, 'headers'>): boolean =>
  headers['x-static-large-object'] !== undefined;

/** With multipart-manifest=get: the manifest itself, in the format in which it can be PUT. */
export const manifest: StoredForm = {
  matches: (_source, { call }) => call.query['multipart-manifest'] === 'get',
  resolve: async ({ call }, source) => {
    if (!isStatic(source)) return source;
    const json = { ...source.headers, 'content-type': 'application/json; charset=utf-8' };
    if (call.query.format !== 'raw') return { ...source, headers: json };
    const raw = Buffer.from(JSON.stringify(rawSegments(await segmentsIn(source))));
    const etag = md5(raw);
    const open = async ({ from, to }: Range) => bytesIn(raw.subarray(from, to + 1));
    return { ...source, headers: { ...source.headers, etag }, etag, length: raw.length, open };
  },
};

export const staticObject: StoredForm = {
  matches: isStatic,
  resolve: (request, source) => staticSource(request, source, 0),
};

export const rawSegments = (segments: readonly Segment[]) =>
  segments.map(({ name, hash, bytes, range, data }) =>
    data === undefined
      ? { etag: hash, path: name, ...(range === undefined ? {} : { range }), size_bytes: bytes }
      : { data },
  );

async function staticSource(request: ObjectRequest, source: Source, depth: number): Promise<Source> {
  if (depth >= segmentLimits.depth) throw refuse(409, 'Max recursion depth exceeded');
  const parts = (await segmentsIn(source)).map((segment) => {
    if (segment.data !== undefined) return inlinePart(segment.data);
    const target = pathFrom(request.target.account, segment.name, false);
    return partOf({ ...request, target }, segment, depth);
  });
  const etag = `"${source.headers['x-object-sysmeta-slo-etag'] ?? source.etag}"`;
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const headers: Headers = { ...source.headers, 'x-manifest-etag': source.etag, etag };
  const partLengths = parts.map((part) => part.length);
  return { headers, length, etag, partLengths, open: (range) => chained(parts, range) };
}

function inlinePart(data: string): Part {
  const bytes = Buffer.from(data, 'base64');
  return { source: { open: async ({ from, to }) => bytesIn(bytes.subarray(from, to + 1)) }, length: bytes.length };
}

/** Opens a segment on demand. Throws 409 when it has changed since the manifest was written. */
function partOf(request: ObjectRequest, segment: Segment, depth: number): Part {
  const { from, to } = rangeIn(segment);
  const open = async (range: Range): Promise<Bytes> => {
    await authorize(request, 'GET');
    const { source: stored } = await followed(request, await objectSource(request.store, request.target));
    const isLarge = segment.sub_slo && isStatic(stored);
    const whole = isLarge ? await staticSource(request, stored, depth + 1) : stored;
    if (whole.etag.replaceAll('"', '') !== segment.hash) throw refuse(409, `${segment.name} has changed`);
    return whole.open({ from: from + range.from, to: Math.min(from + range.to, to) });
  };
  return { source: { open: (range) => open(range).catch(orConflict) }, length: to - from + 1 };
}

/** Makes a 409 of a segment that is missing or forbidden to the caller. */
function orConflict(error: unknown): never {
  if (error instanceof Fault && error.status < 500) throw refuse(409);
  throw error;
}

export function rangeIn({ range, bytes }: Pick<Segment, 'range' | 'bytes'>): Range {
  const [from = '0', to = ''] = range?.split('-') ?? [];
  if (from === '') return { from: Math.max(0, bytes - Number(to)), to: bytes - 1 };
  return { from: Number(from), to: to === '' ? bytes - 1 : Math.min(Number(to), bytes - 1) };
}

/** The lines of a stored manifest. */
export async function segmentsIn(source: Source): Promise<Segment[]> {
  const stored = JSON.parse(String(await readAll(await source.open(wholeOf(source.length))))) as Segment[];
  return stored.map((segment) => (segment.data === undefined ? segment : inlineSegment(segment.data)));
}
