/** Objects of the S3 API. */
import type { Headers } from '#shared/contracts/object-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import type { Answer } from '#shared/http/route.ts';
import { newTimestamp, secondsOf } from '#shared/ring/timestamp.ts';
import { html } from '../dialect.ts';
import { copyObject } from '../features/copy.ts';
import { resolved } from '../features/resolve.ts';
import { isStatic, segmentLimits, segmentsIn } from '../features/slo-segments.ts';
import { removeVersion, versionsOf } from '../features/versions.ts';
import { answerFrom } from '../objects/download.ts';
import { removeObject, removeWithVersions } from '../objects/remove.ts';
import { objectSource, type Source } from '../objects/source.ts';
import { putObject } from '../objects/upload.ts';
import {
  currentId,
  isMarker,
  locationHeader,
  markerType,
  pointTo,
  versioningHeader,
  versionSource,
} from '../objects/versions.ts';
import { authorize, containerInfo, orNone } from '../requests/authorize.ts';
import { decoded, pathFrom } from '../requests/request.ts';
import { missingBucket, refuseS3 } from './errors.ts';
import { askedHeaders, conditionsOfCopy, quoted, shownHeaders, storedHeaders } from './headers.ts';
import { payloadOf } from './payload.ts';
import { asSwift, type S3Request, segmentsOf, targetOf } from './request.ts';
import { document, element } from './xml.ts';

export const etagHeader = 'x-object-sysmeta-s3api-etag';

export const xml = (text: string, status = 200, headers: Readonly<Record<string, string>> = {}): Answer => {
  const body = Buffer.from(text);
  return {
    status,
    headers: { ...headers, 'content-type': 'application/xml', 'content-length': String(body.length) },
    body,
  };
};
export const nothing = (status = 200, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status,
  headers: { ...(status === 204 ? {} : { ...html, 'content-length': '0' }), ...headers },
});

/** GET and HEAD. */
export async function getKey(s3: S3Request): Promise<Answer> {
  const { store, headers: given, query } = s3;
  const request = asSwift(s3, { headers: askedHeaders(given) });
  await authorize(request);
  await containerInfo(store, request.target).catch(noBucket(s3));
  const stored = await sourceOf(s3);
  const source = await resolved(request, stored);
  const { [etagHeader]: etag } = source.headers;
  const named = etag === undefined ? source : { ...source, etag, headers: { ...source.headers, etag } };
  const part = partIn(s3, source);
  const call = { ...request.call, query: part === undefined ? {} : { 'part-number': part } };
  const whole = part === undefined ? {} : { partLengths: source.partLengths ?? [source.length] };
  const answer = await answerFrom(call, request.headers, { ...named, ...whole });
  if (answer.status === 412)
    throw refuseS3('PreconditionFailed', 'At least one of the preconditions that you specified did not hold.');
  return { ...answer, headers: shownHeaders(answer.headers ?? {}, query) };
}

/** The number of the part that is asked for; an object that was uploaded whole is its first part. */
function partIn({ query: { partNumber }, headers }: S3Request, { partLengths }: Source): string | undefined {
  if (partNumber === undefined) return undefined;
  if (headers.range !== undefined)
    throw refuseS3('InvalidRequest', 'Cannot specify both Range header and partNumber query parameter');
  const number = /^\d{1,9}$/.test(partNumber) ? Number(partNumber) : 0;
  if (number < 1 || number > segmentLimits.count)
    throw refuseS3(
      'InvalidArgument',
      `Part number must be an integer between 1 and ${segmentLimits.count}, inclusive`,
      {
        ArgumentName: 'partNumber',
        ArgumentValue: partNumber,
      },
    );
  if (number > (partLengths?.length ?? 1))
    throw refuseS3('InvalidPartNumber', 'The requested partnumber is not satisfiable');
  return partNumber;
}

export const noBucket =
  ({ bucket }: Pick<S3Request, 'bucket'>) =>
  (error: unknown): never => {
    throw error instanceof Fault && error.status === 404 ? missingBucket(bucket) : error;
  };

async function sourceOf(s3: S3Request): Promise<Source> {
  const { store, query } = s3;
  const target = targetOf(s3);
  if (query.versionId === undefined) return objectSource(store, target);
  const found = await versionSource(store, target, query.versionId).catch(orNone);
  if (!found) throw refuseS3('NoSuchVersion', 'The specified version does not exist.');
  if (isMarker(found)) throw refuseS3('MethodNotAllowed', 'The specified version is a delete marker.');
  return found;
}

export async function putKey(s3: S3Request): Promise<Answer> {
  const { headers: given, call, signed, owner } = s3;
  if (given['x-amz-copy-source'] !== undefined) return copyKey(s3, given['x-amz-copy-source']);
  const payload = payloadOf(call.stream, given, { signed, key: owner.signingKey });
  if (payload.length === undefined)
    throw refuseS3('MissingContentLength', 'You must provide the Content-Length HTTP header.');
  const stored = storedHeaders(given);
  const headers = {
    ...stored,
    'content-type': stored['content-type'] ?? 'binary/octet-stream',
    'content-length': payload.length,
    ...(given['content-md5'] ? { etag: md5In(given['content-md5']) } : {}),
    ...pick(given, ['if-none-match', 'x-delete-at', 'x-delete-after']),
  };
  await checkMatch(s3);
  const request = asSwift(s3, { headers, stream: payload.stream as typeof call.stream });
  const answer = await replacing(s3, () => putObject(request).catch(wrongDigest(headers)).catch(noBucket(s3)));
  return nothing(200, versionIn(answer, { etag: quoted(String(answer.headers?.etag ?? '')) }));
}

const pick = (headers: Headers, names: readonly string[]): Headers =>
  Object.fromEntries(names.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])));

export function md5In(text: string): string {
  const digest = Buffer.from(text, 'base64');
  if (digest.length !== 16) throw refuseS3('InvalidDigest', 'The Content-MD5 you specified was invalid.');
  return digest.toString('hex');
}

/** A body that does not have the announced MD5. */
export const wrongDigest =
  ({ etag = '' }: { readonly etag?: string }) =>
  (error: unknown): never => {
    if (!(error instanceof Fault) || error.status !== 422) throw error;
    throw refuseS3('BadDigest', 'The Content-MD5 you specified did not match what we received.', {
      ExpectedDigest: etag,
    });
  };

/** A PUT with If-Match replaces that object alone. */
async function checkMatch(s3: S3Request): Promise<void> {
  const { 'if-match': wanted } = s3.headers;
  if (wanted === undefined) return;
  const found = await objectSource(s3.store, targetOf(s3));
  if (wanted.replaceAll('"', '') !== (found.headers[etagHeader] ?? found.etag))
    throw refuseS3('PreconditionFailed', 'At least one of the preconditions that you specified did not hold.');
}

const versionIn = ({ headers = {} }: Answer, more: Record<string, string>): Record<string, string> => {
  const version = headers['x-object-version-id'];
  return version === undefined ? more : { ...more, 'x-amz-version-id': String(version) };
};

/** `/bucket/key?versionId=…` */
export function copySource({ account }: S3Request, text: string) {
  const [path = '', query] = text.split('?');
  if (query !== undefined && !query.startsWith('versionId='))
    throw refuseS3('InvalidArgument', 'Unsupported copy source parameter.');
  const from = pathFrom(account, decoded(path).replace(/^\/+/, ''), false);
  return { from, version: query?.slice('versionId='.length) };
}

async function copyKey(s3: S3Request, source: string): Promise<Answer> {
  const { headers: given, store } = s3;
  const { from, version } = copySource(s3, source);
  const directive = given['x-amz-metadata-directive']?.toUpperCase() ?? 'COPY';
  if (directive !== 'COPY' && directive !== 'REPLACE')
    throw refuseS3('InvalidArgument', 'Unknown metadata directive: name COPY or REPLACE.');
  const isReplaced = directive === 'REPLACE';
  await containerInfo(store, { ...from, object: '' }).catch(noBucket({ bucket: from.container }));
  const to = targetOf(s3);
  if (!isReplaced && version === undefined && from.container === to.container && from.object === to.object)
    throw refuseS3(
      'InvalidRequest',
      'This copy request is illegal: it copies an object to itself without changing anything.',
    );
  const stored = storedHeaders(given);
  const about = isReplaced
    ? { ...stored, 'content-type': stored['content-type'] ?? 'binary/octet-stream', 'x-fresh-metadata': 'true' }
    : {};
  const query: Record<string, string> = version === undefined ? {} : { 'version-id': version };
  const request = asSwift(s3, { headers: { ...about, ...conditionsOfCopy(given) }, query, target: from });
  const made = await replacing(s3, () => copyObject(request, from, to));
  const text = document(
    'CopyObjectResult',
    element('LastModified', new Date(String(made.headers?.['last-modified'])).toISOString()),
    element('ETag', quoted(String(made.headers?.etag ?? ''))),
  );
  return xml(text, 200, versionIn(made, version === undefined ? {} : { 'x-amz-copy-source-version-id': version }));
}

/** Deletes the object or one version of it; what is missing is deleted already. */
export async function deleteKey(s3: S3Request): Promise<Answer> {
  const { store, query } = s3;
  const request = asSwift(s3, { method: 'DELETE' });
  await authorize(request);
  const container = await containerInfo(store, request.target).catch(noBucket(s3));
  if (query.versionId !== undefined) return deleteVersion(s3, query.versionId);
  const parts = keepsFormer(container)
    ? []
    : await partsOf(s3, await objectSource(store, request.target).catch(orNone));
  const removed = await removeWithVersions(request, container);
  await removeParts(s3, parts);
  const marker = removed.headers['x-object-version-id'];
  return nothing(204, marker === undefined ? {} : { 'x-amz-delete-marker': 'true', 'x-amz-version-id': marker });
}

/**
 * Writes the key, and then removes the parts of the object that it replaced, except those of the new one (`own`): an upload can
 * be completed twice at the same time.
 */
export async function replacing(
  s3: S3Request,
  write: () => Promise<Answer>,
  own: readonly string[] = [],
): Promise<Answer> {
  const { store } = s3;
  const target = targetOf(s3);
  const former = await partsOf(s3, await objectSource(store, target).catch(orNone));
  const isKept = former.length > 0 && keepsFormer(await containerInfo(store, target));
  const made = await write();
  const isVersion = made.headers?.['x-object-version-id'] !== undefined;
  if (!isKept && !isVersion)
    await removeParts(
      s3,
      former.filter((part) => !own.includes(part)),
    );
  return made;
}

/** Whether what is replaced or deleted stays as a version, or in another container. */
const keepsFormer = (container: Headers): boolean =>
  container[versioningHeader] === 'enabled' || container[locationHeader] !== undefined;

/** The parts of an object that was uploaded in parts. */
async function partsOf(s3: S3Request, source: Source | undefined): Promise<string[]> {
  if (!source || !isStatic(source) || source.headers[etagHeader] === undefined) return [];
  const start = `/${segmentsOf(s3).container}/`;
  return (await segmentsIn(source)).flatMap(({ name }) => (name.startsWith(start) ? [name.slice(start.length)] : []));
}

async function removeParts(s3: S3Request, parts: readonly string[]): Promise<void> {
  for (const part of parts) await removeObject(s3.store, segmentsOf(s3, part));
}

/** Unlike Swift, S3 makes the version before current again. */
async function deleteVersion(s3: S3Request, id: string): Promise<Answer> {
  const { store, key } = s3;
  const target = targetOf(s3);
  const source = await versionSource(store, target, id).catch(orNone);
  if (!source) return nothing(204, { 'x-amz-version-id': id });
  const parts = await partsOf(s3, source);
  await removeVersion(store, target, id);
  await removeParts(s3, parts);
  if ((await currentId(store, target)) === undefined) {
    const [last] = (await versionsOf(store, { ...target, object: '' }, { prefix: key, limit: '1' })).filter(
      (each) => 'id' in each && each.name === key,
    );
    if (last && 'id' in last && last.type !== markerType) await pointTo(store, target, last.id, newTimestamp());
  }
  const marker = isMarker(source) ? { 'x-amz-delete-marker': 'true' } : {};
  return nothing(204, { 'x-amz-version-id': id, ...marker });
}

/** In whole seconds, as Last-Modified has it. */
export const timeOf = (timestamp: string): string => new Date(Math.ceil(secondsOf(timestamp)) * 1000).toISOString();
