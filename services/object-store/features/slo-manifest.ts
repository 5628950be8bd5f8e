/** Parses the manifest of a static large object: a list of segments, each validated separately. */
import { trimEndOf } from '#shared/input/trim.ts';
import { rangesOf } from '../objects/conditions.ts';
import { refuse } from '../requests/refusals.ts';
import { type ObjectPath, pathFrom } from '../requests/request.ts';

/** A segment that is in the manifest itself. */
export interface InlineBody {
  /** Base64. */
  readonly data: string;
}

export interface SegmentBody {
  readonly path: string;
  readonly etag?: string;
  readonly size_bytes?: number;
  readonly range?: string;
}

const keys = ['path', 'etag', 'size_bytes', 'range'];

/** Throws 400 with all errors, one line per segment. */
export function segmentsFrom(body: Buffer, manifest: ObjectPath): (SegmentBody | InlineBody)[] {
  const list = listIn(body);
  const problems: string[] = [];
  const segments = list.flatMap((each, at) => {
    const found = segmentFrom(each, manifest, at === list.length - 1);
    if (typeof found !== 'string') return [found];
    problems.push(`Index ${at}: ${found}\n`);
    return [];
  });
  if (problems.length === 0 && segments.every((each) => 'data' in each))
    problems.push('Inline data segments require at least one object-backed segment.\n');
  if (problems.length > 0) throw refuse(400, problems.join(''), { 'content-type': 'text/plain' });
  return segments;
}

function listIn(body: Buffer): unknown[] {
  let list: unknown;
  try {
    list = JSON.parse(String(body));
  } catch {
    throw refuse(400, 'Manifest must be valid JSON.\n');
  }
  if (!Array.isArray(list)) throw refuse(400, 'Manifest must be a list.\n');
  if (list.length === 0) throw refuse(400, 'Manifest must name at least one segment.\n');
  return list;
}

/** Returns the segment, or the error. */
function segmentFrom(value: unknown, manifest: ObjectPath, isLast: boolean): SegmentBody | InlineBody | string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'not a JSON object';
  const { path, etag, size_bytes: size, range } = value as Readonly<Record<string, unknown>>;
  if (path === undefined && 'data' in value) return inlineFrom(value);
  if (path === undefined) return "expected keys to include one of 'data' or 'path'";
  const extra = Object.keys(value).filter((key) => !keys.includes(key));
  if (extra.length > 0) return `extraneous keys ${extra.map((key) => JSON.stringify(key)).join(', ')}`;
  if (typeof path !== 'string') return '"path" must be a string';
  if (etag !== undefined && etag !== null && typeof etag !== 'string')
    return '"etag" must be a string or null (if provided)';
  if (!trimEndOf(path.replace(/^\/+/, ''), '/').includes('/'))
    return 'path does not refer to an object. Path must be of the form /container/object.';
  const bytes = size === undefined || size === null ? undefined : Number(size);
  if (bytes !== undefined && !Number.isSafeInteger(bytes)) return 'invalid size_bytes';
  if (bytes !== undefined && bytes < 1 && !isLast) return 'too small; each segment must be at least 1 byte.';
  if (isSame(path, manifest)) return 'manifest must not include itself as a segment';
  const problem = rangeProblem(range, bytes);
  if (problem) return problem;
  return {
    path,
    ...(typeof etag === 'string' ? { etag: etag.replaceAll('"', '') } : {}),
    ...(bytes === undefined ? {} : { size_bytes: bytes }),
    ...(typeof range === 'string' && range !== '' ? { range } : {}),
  };
}

const base64 = /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function inlineFrom({ data, ...extra }: { readonly data?: unknown }): InlineBody | string {
  const keys = Object.keys(extra).map((key) => JSON.stringify(key));
  if (keys.length > 0) return `extraneous keys ${keys.join(', ')}`;
  if (typeof data !== 'string' || !base64.test(data)) return 'data must be valid base64';
  return data === '' ? 'too small, expected at least 1 byte' : { data };
}

function isSame(path: string, manifest: ObjectPath): boolean {
  const { container, object } = pathFrom(manifest.account, path.replace(/^\/+/, ''), false);
  return container === manifest.container && object === manifest.object;
}

function rangeProblem(range: unknown, bytes: number | undefined): string | undefined {
  if (range === undefined || range === null || range === '') return undefined;
  if (typeof range !== 'string') return 'invalid range';
  if (range.includes(',')) return 'multiple ranges (only one allowed)';
  const found = rangesOf(`bytes=${range}`, bytes ?? Number.MAX_SAFE_INTEGER);
  if (!found) return 'invalid range';
  return bytes !== undefined && found.length !== 1 ? 'unsatisfiable range' : undefined;
}
