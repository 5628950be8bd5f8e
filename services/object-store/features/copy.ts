/** Server-side copy of an object. */
import type { Headers } from '#shared/contracts/object-agent.ts';
import type { Answer } from '#shared/http/route.ts';
import { newTimestamp } from '#shared/ring/timestamp.ts';
import { upload } from '../cluster/upload.ts';
import { archive } from '../objects/archive.ts';
import { conditionOf, rangesOf } from '../objects/conditions.ts';
import { partRange } from '../objects/part-number.ts';
import { objectSource, type Source, streamOf, wholeOf } from '../objects/source.ts';
import { storeVersion, versionSource } from '../objects/versions.ts';
import { reserve } from '../quotas/reservations.ts';
import { httpDate, plain } from '../requests/answers.ts';
import { authorize, containerInfo } from '../requests/authorize.ts';
import { contentTypeOf, objectHeadersOf } from '../requests/metadata.ts';
import { refuse } from '../requests/refusals.ts';
import {
  decoded,
  isTrue,
  type ObjectPath,
  type ObjectRequest,
  type PathHandler,
  partsOf,
  pathFrom,
} from '../requests/request.ts';
import type { Feature } from './feature.ts';
import { resolved } from './resolve.ts';
import { keepManifest } from './slo-put.ts';
import { isStatic, rawSegments, segmentsIn } from './slo-segments.ts';

/** COPY names the destination, PUT with X-Copy-From the source. */
const copyTo: PathHandler = async (request) => {
  const { target: from, headers: given } = request;
  if (!given.destination) throw refuse(412, 'Destination header required');
  const account = accountIn(given['destination-account']) ?? from.account;
  return copyObject(request, from, pathFrom(account, given.destination, true));
};

const copyFrom: PathHandler = async (request) => {
  const { call, target: to, headers: given } = request;
  if (call.query['multipart-manifest'] === 'put') throw refuse(405, 'Multipart Manifest PUTs cannot be COPY requests');
  if (Number(given['content-length'] ?? 0) > 0) throw refuse(400, 'Copy requests require a zero byte body');
  const account = accountIn(given['x-copy-from-account']) ?? to.account;
  return copyObject(request, pathFrom(account, given['x-copy-from'] ?? '', true), to);
};

export const copy: Feature = {
  matches: ({ method, header }) => method === 'COPY' || header('x-copy-from') !== undefined,
  object: { copy: copyTo, put: copyFrom },
};

function accountIn(header: string | undefined): string | undefined {
  if (!header) return undefined;
  const account = decoded(header);
  if (account.includes('/')) throw refuse(412, 'Account name cannot contain slashes');
  return account;
}

/** The source is authorized first, as in Swift, so that a caller who may not read it learns nothing of the destination. */
export async function copyObject(request: ObjectRequest, from: ObjectPath, to: ObjectPath): Promise<Answer> {
  const { store, call, headers: given } = request;
  const [reading, writing] = [from, to].map((target) => ({ ...request, target })) as [ObjectRequest, ObjectRequest];
  await authorize(reading, 'GET');
  const version = call.query['version-id'];
  const stored =
    version === undefined ? await objectSource(store, from, true) : await versionSource(store, from, version);
  const asManifest = call.query['multipart-manifest'] === 'get';
  const source = asManifest ? stored : await resolved(reading, stored);
  const etag = source.headers['x-object-sysmeta-s3api-etag'] ?? source.etag;
  if (conditionOf(given, etag, source.headers['x-timestamp'] ?? '')) throw refuse(412);
  await authorize(writing, 'PUT');
  const container = await containerInfo(store, to);
  if (source.length > store.settings.maxFileBytes) throw refuse(413);
  const headers = about(writing, source);
  const reservation = await reserve(writing, container, source.length);
  try {
    await archive(writing, container);
    const made = await storeVersion(store, to, container, headers, async (place, kept) =>
      asManifest && isStatic(stored)
        ? keepManifest(writing, { target: to, place, headers: kept, etag: undefined }, await rawOf(stored))
        : copyBytes({ ...writing, target: place }, source, kept),
    );
    return { ...made, headers: { ...made.headers, ...copiedFrom(from, source, headers) } };
  } finally {
    reservation.release();
  }
}

const rawOf = async (source: Source): Promise<Buffer> =>
  Buffer.from(JSON.stringify(rawSegments(await segmentsIn(source))));

async function copyBytes({ store, call, target, headers: given }: ObjectRequest, source: Source, headers: Headers) {
  const ranges = rangesOf(given.range, source.length);
  if (ranges?.length === 0) throw refuse(416);
  const range = partRange(call, given, source) ?? ranges?.[0] ?? wholeOf(source.length);
  const timestamp = newTimestamp();
  const length = range.to - range.from + 1;
  const body = streamOf(await source.open(range));
  const common = { path: partsOf(target), timestamp, headers, length, body, etag: undefined };
  const { etag } = await upload(store, { ...common, mostBytes: store.settings.maxFileBytes });
  return plain(201, { etag, 'last-modified': httpDate(timestamp) });
}

/** The response headers: the source, and the resulting metadata. */
const copiedFrom = (from: ObjectPath, { headers: source }: Source, kept: Headers): Headers => ({
  ...Object.fromEntries(Object.entries(kept).filter(([name]) => /^(x-object-meta-|x-delete-at$)/.test(name))),
  'x-copied-from': [from.container, ...from.object.split('/')].map(encodeURIComponent).join('/'),
  'x-copied-from-account': encodeURIComponent(from.account),
  'x-copied-from-last-modified': httpDate(source['x-timestamp'] ?? ''),
});

const carried =
  /^(x-object-meta-|content-encoding|content-disposition|content-language|cache-control|expires|x-robots-tag|x-delete-at)/;

/** The metadata of the source overridden by that of the request; X-Fresh-Metadata omits the first. */
function about({ call, target, headers: given }: ObjectRequest, source: Source): Headers {
  const pick = (wanted: RegExp) => Object.entries(source.headers).filter(([name]) => wanted.test(name));
  const old = isTrue(given['x-fresh-metadata']) ? [] : pick(carried);
  const manifest = call.query['multipart-manifest'] === 'get' ? pick(/^x-object-manifest$/) : [];
  const link = call.query.symlink === 'get' ? pick(/^x-object-sysmeta-(symlink-|container-update-)/) : [];
  const type = given['content-type']
    ? contentTypeOf(given, target.object)
    : (source.headers['content-type'] ?? 'application/octet-stream');
  return { ...Object.fromEntries([...old, ...manifest, ...link]), ...objectHeadersOf(given), 'content-type': type };
}
