/**
 * Uploads in parts. An upload is an object `uploads/<key>/<id>` without bytes in the bucket's container of segments, which has the
 * headers of the object to be; its parts are `parts/<key>/<id>/<number>` there. The complete object is a static large object of them.
 */
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Headers } from '#shared/contracts/object-agent.ts';
import type { Entry } from '#shared/contracts/object-entry.ts';
import type { Answer } from '#shared/http/route.ts';
import { newTimestamp } from '#shared/ring/timestamp.ts';
import { read } from '../cluster/read.ts';
import { upload } from '../cluster/upload.ts';
import { changeOrRefuse } from '../cluster/write.ts';
import { copyObject } from '../features/copy.ts';
import { keepManifest } from '../features/slo-put.ts';
import { segmentLimits } from '../features/slo-segments.ts';
import { removeObject } from '../objects/remove.ts';
import { md5, objectSource, type Source } from '../objects/source.ts';
import { putObject, receive } from '../objects/upload.ts';
import { authorize, containerInfo, orNone } from '../requests/authorize.ts';
import { partsOf as pathParts } from '../requests/request.ts';
import { refuseS3 } from './errors.ts';
import { conditionsOfCopy, quoted, storedHeaders } from './headers.ts';
import { copySource, etagHeader, md5In, noBucket, nothing, replacing, wrongDigest, xml } from './objects.ts';
import { payloadOf } from './payload.ts';
import { asSwift, bodyOf, type S3Request, segmentsOf, targetOf } from './request.ts';
import { document, element } from './xml.ts';
import { childText, parseXml } from './xml-body.ts';

const leastPartBytes = 5 * 1024 * 1024;

const markerOf = (s3: S3Request, id: string) => segmentsOf(s3, `uploads/${s3.key}/${id}`);
export const partsPrefix = ({ key }: S3Request, id: string): string => `parts/${key}/${id}/`;
const partOf = (s3: S3Request, id: string, number: number) =>
  segmentsOf(s3, partsPrefix(s3, id) + String(number).padStart(5, '0'));

export async function mayWrite(s3: S3Request): Promise<void> {
  const request = asSwift(s3, { method: 'PUT' });
  await authorize(request);
  await containerInfo(s3.store, request.target).catch(noBucket(s3));
}

export async function beginUpload(s3: S3Request): Promise<Answer> {
  const { store, bucket, key } = s3;
  const headers = storedHeaders(s3.headers);
  await mayWrite(s3);
  const id = randomBytes(16).toString('hex');
  await changeOrRefuse(store, segmentsOf(s3), 'PUT');
  const type = headers['content-type'] ?? 'binary/octet-stream';
  const common = { timestamp: newTimestamp(), length: 0, etag: undefined, mostBytes: 0, body: Readable.from([]) };
  await upload(store, { ...common, path: pathParts(markerOf(s3, id)), headers: { ...headers, 'content-type': type } });
  return xml(
    document('InitiateMultipartUploadResult', element('Bucket', bucket), element('Key', key), element('UploadId', id)),
  );
}

export async function getUpload(s3: S3Request, id: string): Promise<Source> {
  const found = /^[0-9a-f]{32}$/.test(id) ? await objectSource(s3.store, markerOf(s3, id)).catch(orNone) : undefined;
  if (!found) throw refuseS3('NoSuchUpload', 'The specified upload does not exist: it was completed or aborted.');
  return found;
}

export async function putPart(s3: S3Request): Promise<Answer> {
  const { headers: given, query, call, signed, owner } = s3;
  const number = Number(query.partNumber);
  if (!Number.isInteger(number) || number < 1 || number > segmentLimits.count)
    throw refuseS3('InvalidArgument', `Part number must be an integer between 1 and ${segmentLimits.count}, inclusive`);
  await mayWrite(s3);
  const id = query.uploadId ?? '';
  await getUpload(s3, id);
  const target = partOf(s3, id, number);
  const grant = { account: s3.account, container: target.container };
  if (given['x-amz-copy-source'] !== undefined) return copyPart(s3, given['x-amz-copy-source'], target);
  const payload = payloadOf(call.stream, given, { signed, key: owner.signingKey });
  if (payload.length === undefined)
    throw refuseS3('MissingContentLength', 'You must provide the Content-Length HTTP header.');
  const digest: Headers = given['content-md5'] ? { etag: md5In(given['content-md5']) } : {};
  const headers = { 'content-type': 'application/octet-stream', 'content-length': payload.length, ...digest };
  const request = asSwift(s3, { headers, stream: payload.stream as typeof call.stream, target });
  const answer = await putObject({ ...request, grant }).catch(wrongDigest(digest));
  return nothing(200, { etag: quoted(String(answer.headers?.etag ?? '')) });
}

async function copyPart(s3: S3Request, source: string, target: ReturnType<typeof partOf>): Promise<Answer> {
  const { from, version } = copySource(s3, source);
  const range = s3.headers['x-amz-copy-source-range'];
  const headers = {
    ...conditionsOfCopy(s3.headers),
    ...(range === undefined ? {} : { range }),
    'x-fresh-metadata': 'true',
  };
  const query: Record<string, string> = version === undefined ? {} : { 'version-id': version };
  const made = await copyObject(asSwift(s3, { headers, query, target: from }), from, target);
  return xml(
    document(
      'CopyPartResult',
      element('LastModified', new Date(String(made.headers?.['last-modified'])).toISOString()),
      element('ETag', quoted(String(made.headers?.etag ?? ''))),
    ),
  );
}

export async function entriesBelow(s3: S3Request, prefix: string, marker = '', limit = 10_000): Promise<Entry[]> {
  const { account, container } = segmentsOf(s3);
  const query = { prefix, marker, limit: String(limit) };
  const found = await read(s3.store, { kind: 'container', method: 'GET', path: [account, container], query }).catch(
    orNone,
  );
  return JSON.parse(String(found?.body ?? '[]')) as Entry[];
}

export const numberIn = ({ name }: Entry): number => Number(name.slice(-5));

export async function abortUpload(s3: S3Request): Promise<Answer> {
  await mayWrite(s3);
  const id = s3.query.uploadId ?? '';
  await getUpload(s3, id);
  await forget(s3, id, await entriesBelow(s3, partsPrefix(s3, id)));
  return nothing(204);
}

/** The upload last, so that an abort that was cut off can be repeated. */
async function forget(s3: S3Request, id: string, parts: readonly Entry[]): Promise<void> {
  for (const { name } of parts) await removeObject(s3.store, segmentsOf(s3, name));
  await removeObject(s3.store, markerOf(s3, id));
}

export async function completeUpload(s3: S3Request): Promise<Answer> {
  const { query, bucket, key, call } = s3;
  await mayWrite(s3);
  const id = query.uploadId ?? '';
  const wanted = wantedParts(await bodyOf(s3));
  const begun = await getUpload(s3, id).catch((error: unknown) => completedBefore(s3, id, error));
  if (typeof begun === 'string') return completed(s3, begun);
  const stored = await entriesBelow(s3, partsPrefix(s3, id));
  const parts = chosen(wanted, stored);
  const digests = Buffer.concat(parts.map(({ etag }) => Buffer.from(etag, 'hex')));
  const etag = `${md5(digests)}-${parts.length}`;
  const { container } = segmentsOf(s3);
  const manifest = parts.map(({ name, etag: part, bytes }) => ({
    path: `/${container}/${name}`,
    etag: part,
    size_bytes: bytes,
  }));
  const about = headersOf(begun.headers);
  const headers = { ...about, 'content-length': '0', ...ifNoneMatch(s3.headers) };
  const request = { ...asSwift(s3, { method: 'PUT', headers }), grant: { account: s3.account } };
  const write = () =>
    receive(request, (each, incoming) => {
      const own = { ...incoming.headers, [etagHeader]: etag, [uploadHeader]: id };
      return keepManifest(each, { ...incoming, headers: own }, Buffer.from(JSON.stringify(manifest)));
    });
  const names = parts.map(({ name }) => name);
  const made = await replacing(s3, write, names);
  await forget(
    s3,
    id,
    stored.filter(({ name }) => !names.includes(name)),
  );
  const version = made.headers?.['x-object-version-id'];
  const more: Headers = version === undefined ? {} : { 'x-amz-version-id': String(version) };
  return completed({ ...s3, bucket, key, call }, etag, more);
}

const uploadHeader = 'x-object-sysmeta-s3api-upload-id';
const ifNoneMatch = ({ 'if-none-match': value }: Headers): Headers =>
  value === undefined ? {} : { 'if-none-match': value };
const headersOf = (headers: Headers): Headers =>
  Object.fromEntries(
    Object.entries(headers).filter(([name]) =>
      /^(content-(type|encoding|disposition|language)|cache-control|expires|x-object-meta-.+)$/.test(name),
    ),
  );

/** A client that did not get the answer asks again. */
async function completedBefore(s3: S3Request, id: string, error: unknown): Promise<string> {
  const found = await objectSource(s3.store, targetOf(s3)).catch(orNone);
  const etag = found?.headers[uploadHeader] === id ? found.headers[etagHeader] : undefined;
  if (etag === undefined) throw error;
  return etag;
}

const completed = ({ bucket, key, call }: S3Request, etag: string, headers: Headers = {}): Answer =>
  xml(
    document(
      'CompleteMultipartUploadResult',
      element('Location', `${call.base}/${bucket}/${encodeURIComponent(key).replaceAll('%2F', '/')}`),
      element('Bucket', bucket),
      element('Key', key),
      element('ETag', quoted(etag)),
    ),
    200,
    headers,
  );

interface Wanted {
  readonly number: number;
  readonly etag: string;
}

function wantedParts(body: Buffer): Wanted[] {
  const root = parseXml(body);
  const parts = root.children
    .filter(({ name }) => name === 'Part')
    .map((part) => ({
      number: Number(childText(part, 'PartNumber')),
      etag: (childText(part, 'ETag') ?? '').trim().replaceAll('"', ''),
    }));
  if (root.name !== 'CompleteMultipartUpload' || parts.length === 0)
    throw refuseS3('MalformedXML', 'The XML that you provided names no parts.');
  if (parts.some(({ number }, at) => at > 0 && number <= (parts[at - 1]?.number ?? 0)))
    throw refuseS3('InvalidPartOrder', 'The list of parts was not in ascending order.');
  return parts;
}

function chosen(wanted: readonly Wanted[], stored: readonly Entry[]): Entry[] {
  const known = new Map(stored.map((each) => [numberIn(each), each]));
  return wanted.map(({ number, etag }, at) => {
    const found = known.get(number);
    if (!found || found.etag !== etag)
      throw refuseS3('InvalidPart', `One or more of the specified parts could not be found. ${number}.`);
    if (found.bytes < leastPartBytes && at < wanted.length - 1)
      throw refuseS3(
        'EntityTooSmall',
        `Your proposed upload is smaller than the minimum allowed object size: part ${number}.`,
      );
    return found;
  });
}
