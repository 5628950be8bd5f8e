/** PUT and DELETE of a static large object's manifest. */
import { Readable } from 'node:stream';
import type { Headers } from '#shared/contracts/object-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import type { Answer, Call } from '#shared/http/route.ts';
import { isoOf, newTimestamp } from '#shared/ring/timestamp.ts';
import { upload } from '../cluster/upload.ts';
import type { ObjectStore } from '../context.ts';
import { httpDate, plain } from '../requests/answers.ts';
import { authorize } from '../requests/authorize.ts';
import { contentTypeOf, objectHeadersOf } from '../requests/metadata.ts';
import { refuse } from '../requests/refusals.ts';
import { partsOf, type Way, wayFrom } from '../requests/request.ts';
import { contentOf, md5, rangeIn, type Segment, segmentLimits } from './segments.ts';
import { objectSource } from './source.ts';

interface Wished {
  readonly path: string;
  readonly etag?: string | null;
  readonly size_bytes?: number | null;
  readonly range?: string | null;
}

/** Every segment is looked at before the manifest is kept; all that is wrong is said at once. */
export async function putManifest(store: ObjectStore, call: Call, way: Way, headers: Headers): Promise<Answer> {
  const wished = await wishedSegments(call);
  const problems: string[] = [];
  const segments: Segment[] = [];
  for (const each of wished) {
    const found = await segmentOf(store, call, way, each).catch((error: unknown) => `${each.path}, ${reasonOf(error)}`);
    if (typeof found === 'string') problems.push(found);
    else segments.push(found);
  }
  if (problems.length > 0) throw refuse(400, `Errors:\n${problems.join('\n')}\n`);
  const etag = md5(segments.map(({ hash, range }) => (range ? `${hash}:${range};` : hash)).join(''));
  const asked = headers.etag?.replaceAll('"', '');
  if (asked !== undefined && asked !== etag) throw refuse(422);
  return keep(store, way, headers, segments, etag);
}

async function keep(
  store: ObjectStore,
  way: Way,
  headers: Headers,
  segments: readonly Segment[],
  etag: string,
): Promise<Answer> {
  const content = Buffer.from(JSON.stringify(segments));
  const size = segments.reduce((sum, segment) => sum + rangeIn(segment).to - rangeIn(segment).from + 1, 0);
  const timestamp = newTimestamp();
  const about = {
    ...objectHeadersOf(headers),
    'content-type': contentTypeOf(headers, way.object),
    'x-static-large-object': 'True',
    'x-object-sysmeta-slo-etag': etag,
    'x-object-sysmeta-slo-size': String(size),
  };
  const common = { path: partsOf(way), timestamp, headers: about, length: content.length, etag: undefined };
  await upload(store, { ...common, body: Readable.from([content]), mostBytes: segmentLimits.manifestBytes });
  return plain(201, { etag: `"${etag}"`, 'last-modified': httpDate(timestamp) });
}

async function wishedSegments(call: Call): Promise<Wished[]> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of call.stream) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes > segmentLimits.manifestBytes) throw refuse(413, `Manifest File > ${segmentLimits.manifestBytes} bytes`);
  }
  const wished = parsed(Buffer.concat(chunks));
  if (wished.length > segmentLimits.count) throw refuse(413, `Number of segments must be <= ${segmentLimits.count}`);
  return wished;
}

function parsed(content: Buffer): Wished[] {
  let wished: unknown;
  try {
    wished = JSON.parse(String(content));
  } catch {
    throw refuse(400, 'Manifest must be valid JSON.\n');
  }
  if (!Array.isArray(wished)) throw refuse(400, 'Manifest must be a list.\n');
  const fits = wished.every(
    (each: Partial<Wished> | null) => typeof each?.path === 'string' && /^\/?[^/]+\/.+/.test(each.path),
  );
  if (!fits) throw refuse(400, 'Errors:\nevery segment needs a path of the form container/object\n');
  return wished as Wished[];
}

async function segmentOf(store: ObjectStore, call: Call, way: Way, wished: Wished): Promise<Segment | string> {
  const from = wayFrom(way.account, wished.path, false);
  await authorize(store, call, from, 'GET');
  const { headers, etag, length } = await objectSource(store, from);
  const large = headers['x-static-large-object'] !== undefined;
  const hash = large ? (headers['x-object-sysmeta-slo-etag'] ?? etag) : etag;
  const bytes = large ? Number(headers['x-object-sysmeta-slo-size']) : length;
  if (bytes === 0) return `${wished.path}, Too Small; each segment must be at least 1 byte.`;
  if (wished.size_bytes != null && Number(wished.size_bytes) !== bytes) return `${wished.path}, Size Mismatch`;
  if (wished.etag != null && wished.etag.replaceAll('"', '') !== hash) return `${wished.path}, Etag Mismatch`;
  const range = wished.range ? { range: wished.range } : {};
  if (wished.range && !isRange(wished.range, bytes)) return `${wished.path}, Unsatisfiable Range`;
  const about = { content_type: headers['content-type'] ?? '', last_modified: isoOf(headers['x-timestamp'] ?? '') };
  return {
    name: `/${from.container}/${from.object}`,
    hash,
    bytes,
    ...about,
    ...range,
    ...(large ? { sub_slo: true } : {}),
  };
}

function isRange(range: string, bytes: number): boolean {
  if (!/^(\d+-\d*|-\d+)$/.test(range)) return false;
  const { from, to } = rangeIn({ range, bytes });
  return from <= to && from < bytes;
}

const reasonOf = (error: unknown): string => (error instanceof Fault ? `${error.status}` : 'cannot be read');

/** The segments of a manifest, those of its inner ones too. */
export async function segmentsOf(store: ObjectStore, way: Way, depth = 0): Promise<Way[]> {
  const source = await objectSource(store, way);
  if (source.headers['x-static-large-object'] === undefined) return [];
  if (depth >= segmentLimits.depth) throw refuse(409, 'Max recursion depth exceeded');
  const segments = JSON.parse(String(await contentOf(source))) as Segment[];
  const ways = segments.map((segment) => ({ way: wayFrom(way.account, segment.name, false), segment }));
  const inner: Way[] = [];
  for (const each of ways) if (each.segment.sub_slo) inner.push(...(await segmentsOf(store, each.way, depth + 1)));
  return [...inner, ...ways.map((each) => each.way)];
}
