/** PUT of a static large object's manifest. */
import { Readable } from 'node:stream';
import { Fault } from '#shared/errors/fault.ts';
import type { Answer, Call } from '#shared/http/route.ts';
import { isoOf, newTimestamp } from '#shared/ring/timestamp.ts';
import { upload } from '../cluster/upload.ts';
import type { ObjectStore } from '../context.ts';
import { rangesOf } from '../objects/conditions.ts';
import { listedEtag } from '../objects/link-headers.ts';
import { md5, objectSource, type Source } from '../objects/source.ts';
import type { Incoming } from '../objects/upload.ts';
import { httpDate, plain } from '../requests/answers.ts';
import { authorize } from '../requests/authorize.ts';
import { contentTypeOf } from '../requests/metadata.ts';
import { faultOf, refuse } from '../requests/refusals.ts';
import { type ObjectPath, type ObjectRequest, partsOf, pathFrom } from '../requests/request.ts';
import { statusLine } from './many-deletes.ts';
import { type SegmentBody, segmentsFrom } from './slo-manifest.ts';
import { inlineSegment, isStatic, rangeIn, type Segment, segmentLimits } from './slo-segments.ts';
import { followed } from './symlink.ts';

type About = Pick<Incoming, 'target' | 'place' | 'headers' | 'etag'>;

export const putManifest = async (request: ObjectRequest, incoming: Incoming): Promise<Answer> =>
  keepManifest(request, incoming, await bodyOf(request.call));

/** Checks every segment before the manifest is stored; the refusal lists all errors. */
export async function keepManifest(request: ObjectRequest, about: About, body: Buffer): Promise<Answer> {
  const given = segmentsFrom(body, about.target);
  const wanted = given.filter((each): each is SegmentBody => !('data' in each));
  if (wanted.length > segmentLimits.count)
    throw refuse(413, `Number of object-backed segments must be <= ${segmentLimits.count}`);
  const found = await lookedUp(request, about.target, wanted);
  const problems: [string, string][] = [];
  const segments = given.map((each, at) =>
    'data' in each
      ? inlineSegment(each.data)
      : segmentOf(each, found.get(each.path), at === given.length - 1, problems),
  );
  const nested = sizeOf(found, wanted);
  if (nested.depth > segmentLimits.depth) problems.push([about.target.object, 'Max recursion depth exceeded']);
  if (problems.length > 0) throw problemFault(request.call, problems);
  if (nested.total > segmentLimits.total)
    throw refuse(413, `Number of segments, with those of nested manifests, must be <= ${segmentLimits.total}`);
  const etag = md5(segments.map(({ hash, range }) => (range ? `${hash}:${range};` : hash)).join(''));
  if (about.etag !== undefined && about.etag !== etag) throw refuse(422);
  return keep(request.store, about, segments, { etag, ...nested });
}

const depthHeader = 'x-object-sysmeta-slo-depth';
const totalHeader = 'x-object-sysmeta-slo-total';

async function keep(
  store: ObjectStore,
  { target, place, headers: said }: About,
  segments: readonly Segment[],
  { etag, depth, total }: { etag: string; depth: number; total: number },
): Promise<Answer> {
  const stored = segments.map((segment) => (segment.data === undefined ? segment : { data: segment.data }));
  const content = Buffer.from(JSON.stringify(stored));
  const size = segments.reduce((sum, segment) => sum + rangeIn(segment).to - rangeIn(segment).from + 1, 0);
  const timestamp = newTimestamp();
  const { 'x-object-sysmeta-s3api-etag': s3Etag } = said;
  const headers = {
    ...said,
    'content-type': said['content-type'] ?? contentTypeOf({}, target.object),
    'x-static-large-object': 'True',
    'x-object-sysmeta-slo-etag': etag,
    'x-object-sysmeta-slo-size': String(size),
    [depthHeader]: String(depth),
    [totalHeader]: String(total),
    [listedEtag]: `${md5(content)}; slo_etag=${etag}${s3Etag === undefined ? '' : `; s3_etag=${s3Etag}`}`,
  };
  const common = { path: partsOf(place), timestamp, headers, length: content.length, etag: undefined };
  await upload(store, { ...common, body: Readable.from([content]), mostBytes: segmentLimits.manifestBytes });
  return plain(201, { etag: `"${etag}"`, 'last-modified': httpDate(timestamp) });
}

async function bodyOf({ stream }: Call): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes > segmentLimits.manifestBytes) throw refuse(413, `Manifest File > ${segmentLimits.manifestBytes} bytes`);
  }
  return Buffer.concat(chunks);
}

type Found = ReadonlyMap<string, Source | Fault>;

/** Each name is checked once, however often it is in the manifest. */
async function lookedUp(request: ObjectRequest, to: ObjectPath, wanted: readonly SegmentBody[]): Promise<Found> {
  const found = new Map<string, Source | Fault>();
  for (const { path } of wanted) {
    if (found.has(path)) continue;
    found.set(path, await lookUp({ ...request, target: pathFrom(to.account, path, false) }).catch(faultOf));
  }
  return found;
}

async function lookUp(request: ObjectRequest): Promise<Source> {
  await authorize(request, 'GET');
  const { source } = await followed(request, await objectSource(request.store, request.target));
  return source;
}

/** Returns a segment as it is stored; errors are added to the problems. */
function segmentOf(
  { path, etag, size_bytes: size, range }: SegmentBody,
  found: Source | Fault | undefined,
  isLast: boolean,
  problems: [string, string][],
): Segment {
  const name = `/${path.replace(/^\/+/, '')}`;
  const problem = (why: string) => problems.push([path, why]);
  const none = { name, hash: '', bytes: 0, content_type: '', last_modified: '' };
  if (!found || found instanceof Fault) {
    problem(statusLine(found?.status ?? 404));
    return none;
  }
  const { headers } = found;
  const large = isStatic(found);
  const hash = large ? (headers['x-object-sysmeta-slo-etag'] ?? found.etag) : found.etag;
  const bytes = large ? Number(headers['x-object-sysmeta-slo-size']) : found.length;
  const part = range === undefined ? undefined : rangesOf(`bytes=${range}`, bytes)?.[0];
  if (range !== undefined && !part) problem('Unsatisfiable Range');
  if (bytes < 1 && !isLast) problem('Too small; each segment must be at least 1 byte.');
  if (size !== undefined && size !== bytes) problem('Size Mismatch');
  if (etag !== undefined && etag !== hash) problem('Etag Mismatch');
  const isPart = part !== undefined && (part.from > 0 || part.to < bytes - 1);
  return {
    name,
    hash,
    bytes,
    content_type: headers['content-type'] ?? '',
    last_modified: isoOf(headers['x-timestamp'] ?? ''),
    ...(isPart ? { range: `${part.from}-${part.to}` } : {}),
    ...(large ? { sub_slo: true } : {}),
  };
}

/** The depth and total number of segments of a manifest. An old manifest without these numbers counts as one. */
function sizeOf(found: Found, wanted: readonly SegmentBody[]): { depth: number; total: number } {
  const sources = wanted.map(({ path }) => found.get(path));
  const said = (name: string) =>
    sources.map((source) => (source && !(source instanceof Fault) ? Number(source.headers[name] ?? 0) : 0));
  return {
    depth: 1 + Math.max(0, ...said(depthHeader)),
    total: said(totalHeader).reduce((sum, total) => sum + total, wanted.length),
  };
}

function problemFault(call: Call, problems: readonly [string, string][]): Fault {
  const quoted = problems.map(([path, why]) => [encodeURIComponent(path).replaceAll('%2F', '/'), why]);
  if (call.header('accept')?.includes('application/json'))
    return refuse(400, JSON.stringify({ Errors: quoted }), { 'content-type': 'application/json' });
  const text = `Errors:\n${quoted.map((each) => `${each.join(', ')}\n`).join('')}`;
  return refuse(400, text, { 'content-type': 'text/plain' });
}
