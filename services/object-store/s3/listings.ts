/** Lists of objects and of versions of a bucket. */
import type { Entry, Listed } from '#shared/contracts/object-entry.ts';
import type { Answer } from '#shared/http/route.ts';
import { read } from '../cluster/read.ts';
import { versionsOf } from '../features/versions.ts';
import { isVersionId, markerType, unversioned } from '../objects/versions.ts';
import { authorize } from '../requests/authorize.ts';
import { refuseS3 } from './errors.ts';
import { quoted } from './headers.ts';
import { noBucket, timeOf, xml } from './objects.ts';
import { asSwift, type S3Request } from './request.ts';
import { document, element, type Markup } from './xml.ts';

const mostKeys = 1000;

export function limitIn(query: Readonly<Record<string, string>>, name = 'max-keys'): number {
  const text = query[name] ?? String(mostKeys);
  if (!/^\d{1,10}$/.test(text))
    throw refuseS3('InvalidArgument', `Argument ${name} must be an integer between 0 and 2147483647`);
  return Math.min(Number(text), mostKeys);
}

/** Keys as they are, or percent-encoded, since XML cannot have all characters. */
export function namer({ 'encoding-type': encoding }: Readonly<Record<string, string>>): (name: string) => string {
  if (encoding !== undefined && encoding !== 'url') throw refuseS3('InvalidArgument', 'The only encoding type is url.');
  return encoding === undefined ? (name) => name : (name) => encodeURIComponent(name).replaceAll('%2F', '/');
}

const etagOf = (etag: string): string =>
  quoted(etag.match(/; s3_etag=([0-9a-f]{32}-\d+)/)?.[1] ?? etag.split(';')[0] ?? '');

const nameOf = (each: Listed): string => ('subdir' in each ? each.subdir : each.name);

export async function listObjects(s3: S3Request): Promise<Answer> {
  const { store, account, bucket, query } = s3;
  const request = asSwift(s3, { target: { account, container: bucket, object: '' } });
  await authorize(request);
  const isSecond = query['list-type'] === '2';
  const limit = limitIn(query);
  const { prefix = '', delimiter = '' } = query;
  const token = query['continuation-token'];
  const after = isSecond
    ? token === undefined
      ? (query['start-after'] ?? '')
      : fromToken(token)
    : (query.marker ?? '');
  const asked = { prefix, delimiter, marker: after, limit: String(limit + 1) };
  const found = await read(store, { kind: 'container', method: 'GET', path: [account, bucket], query: asked }).catch(
    noBucket(s3),
  );
  const all = JSON.parse(String(found.body ?? '[]')) as Listed[];
  const page = all.slice(0, limit);
  const isCut = all.length > limit && limit > 0;
  const name = namer(query);
  const last = page.at(-1);
  const withOwner = !isSecond || query['fetch-owner'] === 'true';
  return xml(
    document(
      'ListBucketResult',
      element('Name', bucket),
      element('Prefix', name(prefix)),
      ...(isSecond ? secondHead(query, token, page.length, name) : [element('Marker', name(after))]),
      element('MaxKeys', limit),
      query.delimiter === undefined ? undefined : element('Delimiter', name(delimiter)),
      query['encoding-type'] === undefined ? undefined : element('EncodingType', 'url'),
      element('IsTruncated', isCut),
      ...nextOf(isSecond, isCut, last, delimiter, name),
      ...page.flatMap((each) => ('subdir' in each ? [] : [content(each, name, withOwner ? account : undefined)])),
      ...prefixesOf(page, name),
    ),
  );
}

const secondHead = (
  query: Readonly<Record<string, string>>,
  token: string | undefined,
  count: number,
  name: (text: string) => string,
) => [
  element('KeyCount', count),
  token === undefined ? undefined : element('ContinuationToken', token),
  query['start-after'] === undefined ? undefined : element('StartAfter', name(query['start-after'])),
];

function nextOf(
  isSecond: boolean,
  isCut: boolean,
  last: Listed | undefined,
  delimiter: string,
  name: (text: string) => string,
): Markup[] {
  if (!isCut || !last) return [];
  if (isSecond) return [element('NextContinuationToken', toToken(nameOf(last)))];
  return delimiter === '' ? [] : [element('NextMarker', name(nameOf(last)))];
}

const toToken = (name: string): string => Buffer.from(name).toString('base64');
const fromToken = (token: string): string => Buffer.from(token, 'base64').toString();

function content(
  { name, timestamp, meta, etag, bytes }: Entry,
  shown: (text: string) => string,
  account: string | undefined,
): Markup {
  return element(
    'Contents',
    element('Key', shown(name)),
    element('LastModified', timeOf(meta > timestamp ? meta : timestamp)),
    element('ETag', etagOf(etag)),
    element('Size', bytes),
    account === undefined ? undefined : owner(account),
    element('StorageClass', 'STANDARD'),
  );
}

export function person(name: 'Owner' | 'Initiator', account: string): Markup {
  const id = account.replace('AUTH_', '');
  return element(name, element('ID', id), element('DisplayName', id));
}
const owner = (account: string): Markup => person('Owner', account);

const prefixesOf = (page: readonly (Listed | Version)[], name: (text: string) => string): Markup[] =>
  page.flatMap((each) => ('subdir' in each ? [element('CommonPrefixes', element('Prefix', name(each.subdir)))] : []));

type Version = Awaited<ReturnType<typeof versionsOf>>[number];

/** Throws InvalidArgument for a version that cannot be, or that is of no key. */
function checkMarkers(key: string | undefined, version: string | undefined): void {
  if (!version) return;
  if (key === undefined)
    throw refuseS3('InvalidArgument', 'A version-id marker cannot be specified without a key marker.');
  if (version !== unversioned && !isVersionId(version))
    throw refuseS3('InvalidArgument', 'Invalid version id specified');
}

export async function listVersions(s3: S3Request): Promise<Answer> {
  const { store, account, bucket, query } = s3;
  const target = { account, container: bucket, object: '' };
  await authorize(asSwift(s3, { target }));
  await read(store, { kind: 'container', method: 'HEAD', path: [account, bucket] }).catch(noBucket(s3));
  const limit = limitIn(query);
  const { prefix = '', delimiter = '', 'key-marker': marker = '', 'version-id-marker': versionMarker } = query;
  checkMarkers(query['key-marker'], versionMarker);
  const asked = { prefix, delimiter, marker, limit: String(limit + 1) };
  const all = await versionsOf(store, target, asked, versionMarker || undefined);
  const page = all.slice(0, limit);
  const isCut = all.length > limit && limit > 0;
  const name = namer(query);
  const last = page.at(-1);
  const next =
    !isCut || !last
      ? []
      : [
          element('NextKeyMarker', name(nameOf(last))),
          'id' in last ? element('NextVersionIdMarker', last.id) : undefined,
        ];
  return xml(
    document(
      'ListVersionsResult',
      element('Name', bucket),
      element('Prefix', name(prefix)),
      element('KeyMarker', name(marker)),
      element('VersionIdMarker', versionMarker ?? ''),
      ...next,
      element('MaxKeys', limit),
      query.delimiter === undefined ? undefined : element('Delimiter', name(delimiter)),
      query['encoding-type'] === undefined ? undefined : element('EncodingType', 'url'),
      element('IsTruncated', isCut),
      ...page.flatMap((each) => ('id' in each ? [version(each, name, account)] : [])),
      ...prefixesOf(page, name),
    ),
  );
}

function version(each: Extract<Version, { id: string }>, name: (text: string) => string, account: string): Markup {
  const isGone = each.type === markerType;
  const common = [
    element('Key', name(each.name)),
    element('VersionId', each.id),
    element('IsLatest', each.isLatest),
    element('LastModified', timeOf(each.timestamp)),
  ];
  if (isGone) return element('DeleteMarker', ...common, owner(account));
  const about = [element('ETag', etagOf(each.etag)), element('Size', each.bytes), element('StorageClass', 'STANDARD')];
  return element('Version', ...common, ...about, owner(account));
}
