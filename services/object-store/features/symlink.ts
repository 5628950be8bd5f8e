/** Symbolic links: objects without bytes that stand for another object, any version of it or, with its ETag, one alone. */
import { Readable } from 'node:stream';
import type { Headers } from '#shared/contracts/object-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import type { Answer } from '#shared/http/route.ts';
import { newTimestamp } from '#shared/ring/timestamp.ts';
import { upload } from '../cluster/upload.ts';
import { encodedPath, linkHeader, linkHeaders, listedEtag, versionHeader } from '../objects/link-headers.ts';
import { md5, objectSource, type Source } from '../objects/source.ts';
import { receive } from '../objects/upload.ts';
import { httpDate, plain } from '../requests/answers.ts';
import { authorize } from '../requests/authorize.ts';
import { faultOf, refuse } from '../requests/refusals.ts';
import {
  decoded,
  type ObjectPath,
  type ObjectRequest,
  type PathHandler,
  partsOf,
  pathFrom,
} from '../requests/request.ts';
import type { Feature } from './feature.ts';

export const mostLinks = 2;

export const isLink = ({ headers }: Pick<Source, 'headers'>): boolean => headers[linkHeader] !== undefined;
const isVersionLink = ({ headers }: Pick<Source, 'headers'>): boolean => headers[versionHeader] !== undefined;

const targetOf = ({ headers }: Source, account: string): ObjectPath => {
  const own = headers[`${linkHeader}-account`];
  return pathFrom(own === undefined ? account : decoded(own), headers[linkHeader] ?? '', true);
};

interface Followed {
  readonly request: ObjectRequest;
  readonly source: Source;
}

/** The object that a link stands for; with `symlink=get` the link itself. Throws 409 for a loop and for a changed target. */
export async function followed(request: ObjectRequest, source: Source): Promise<Followed> {
  if (!isLink(source)) return { request, source };
  if (request.call.query.symlink === 'get' && !isVersionLink(source)) return { request, source: shownLink(source) };
  let [at, found, links, etag, location]: [ObjectRequest, Source, number, string | undefined, string] = [
    request,
    source,
    0,
    undefined,
    '',
  ];
  let shown = '';
  while (isLink(found)) {
    const isVersion = isVersionLink(found);
    if (!isVersion && links >= mostLinks)
      throw refuse(409, `Too many levels of symbolic links, maximum allowed is ${mostLinks}`, text);
    const target = targetOf(found, at.target.account);
    const next = isVersion ? at : { ...at, target };
    if (!isVersion) {
      links += 1;
      etag = found.headers[`${linkHeader}-etag`];
      location = publicPath(target);
      shown = location;
      await authorize(next, 'GET');
    }
    if (isVersion && location === '') shown = `${publicPath(at.target)}?version-id=${found.headers[versionHeader]}`;
    const version: Headers = isVersion ? { 'x-object-version-id': found.headers[versionHeader] ?? '' } : {};
    const source_ = await objectSource(request.store, target).catch((error: unknown) => {
      throw orBroken(error, location);
    });
    found = { ...source_, headers: { ...source_.headers, ...version } };
    at = next;
    if (etag !== undefined && !isLink(found) && !etagsOf(found).includes(etag))
      throw refuse(409, `Object Etag '${found.etag}' does not match X-Symlink-Target-Etag header '${etag}'`, {
        ...text,
        'content-location': location,
      });
  }
  const where: Headers = shown === '' ? {} : { 'content-location': shown };
  return { request: at, source: { ...found, headers: { ...found.headers, ...where } } };
}

const publicPath = (target: ObjectPath): string => `/v1/${encodeURIComponent(target.account)}/${encodedPath(target)}`;

const text = { 'content-type': 'text/plain' };
/** That of a large object is its manifest's; links from earlier versions of this service have the other. */
const etagsOf = ({ headers, etag }: Source): string[] => [etag, headers['x-object-sysmeta-slo-etag'] ?? etag];

/** A 404 behind a link says what is missing. */
const orBroken = (error: unknown, location: string): unknown =>
  error instanceof Fault && error.status === 404 && location !== ''
    ? refuse(404, undefined, { 'content-location': location })
    : error;

function shownLink(source: Source): Source {
  const shown = ['', '-account', '-etag', '-bytes'].flatMap((end) => {
    const value = source.headers[linkHeader + end];
    return value === undefined ? [] : [[`x-symlink-target${end}`, value]];
  });
  return { ...source, headers: { ...source.headers, ...Object.fromEntries(shown) } };
}

/** PUT with X-Symlink-Target. */
const putLink: PathHandler = (request) =>
  receive(request, async ({ store, call, target, headers: given }, { place, headers, length }) => {
    if ((length ?? 0) > 0 || (length === undefined && (await hasBytes(call.stream))))
      throw refuse(400, 'Symlink requests require a zero byte body', text);
    const to = wantedTarget(given, target);
    const about = given['x-symlink-target-etag']
      ? await fixed({ ...request, target: to }, given)
      : softly(given, headers);
    const link = { ...headers, ...about.headers, ...linkHeaders(to, given['x-symlink-target-account'] !== undefined) };
    const timestamp = newTimestamp();
    const listed = { [listedEtag]: [about.listed, ...listedLink(link)].join('; ') };
    const common = { timestamp, length: 0, etag: undefined, mostBytes: 0, body: Readable.from([]) };
    const { etag } = await upload(store, { ...common, path: partsOf(place), headers: { ...link, ...listed } });
    return plain(201, { etag, 'last-modified': httpDate(timestamp) });
  });

async function hasBytes(stream: AsyncIterable<unknown>): Promise<boolean> {
  for await (const chunk of stream) if ((chunk as Buffer).length > 0) return true;
  return false;
}

function wantedTarget(given: Headers, own: ObjectPath): ObjectPath {
  const form = 'X-Symlink-Target header must be of the form <container name>/<object name>';
  const path = given['x-symlink-target'] ?? '';
  if (!/^[^/]+\/./.test(decoded(path))) throw refuse(412, form, text);
  const account = decoded(given['x-symlink-target-account'] ?? own.account);
  if (account.includes('/')) throw refuse(412, 'Account name cannot contain slashes', text);
  const target = pathFrom(account, path, true);
  if (partsOf(target).join('/') === partsOf(own).join('/')) throw refuse(400, 'Symlink cannot target itself', text);
  return target;
}

const softly = (given: Headers, { 'content-type': type = '' }: Headers) => ({
  headers: { 'content-type': given['content-type'] ? type : 'application/symlink' },
  listed: md5(''),
});

/** A link to what the target is now. */
async function fixed(request: ObjectRequest, given: Headers): Promise<{ headers: Headers; listed: string }> {
  const etag = (given['x-symlink-target-etag'] ?? '').replaceAll('"', '').replace(/^W\//, '');
  if (/[;"\\]/.test(etag)) throw refuse(400, 'Bad X-Symlink-Target-Etag format', text);
  await authorize(request, 'GET');
  const found = await objectSource(request.store, request.target).catch(faultOf);
  if (found instanceof Fault && found.status === 404) throw refuse(409, 'X-Symlink-Target does not exist', text);
  if (found instanceof Fault) throw found;
  const isFixed = isVersionLink(found) || found.headers[`${linkHeader}-etag`] !== undefined;
  const { source } = isFixed ? await followed(request, found) : { source: found }; // any other link is what it is
  if (source.etag !== etag)
    throw refuse(409, `Object Etag '${source.etag}' does not match X-Symlink-Target-Etag header '${etag}'`, text);
  const { 'x-object-sysmeta-slo-size': bytes = String(source.length), 'x-object-sysmeta-slo-etag': slo } =
    source.headers;
  const type = given['content-type'] ?? source.headers['content-type'] ?? '';
  return {
    headers: { 'content-type': type, [`${linkHeader}-etag`]: etag, [`${linkHeader}-bytes`]: bytes },
    listed: slo === undefined ? md5('') : `${md5('')}; slo_etag=${slo}`,
  };
}

const listedLink = (headers: Headers): string[] =>
  ['', '-account', '-etag', '-bytes'].flatMap((end) => {
    const value = headers[linkHeader + end];
    return value === undefined ? [] : [`symlink_target${end.replace('-', '_')}=${value}`];
  });

export const symlink: Feature = {
  matches: ({ header }) => header('x-symlink-target') !== undefined,
  object: {
    put: putLink,
    post: async (): Promise<Answer> => {
      throw refuse(400, 'A PUT request is required to set a symlink target', text);
    },
  },
};

/** The answer to a POST that was applied to a link. */
export function redirected({ target }: ObjectRequest, headers: Headers): Answer | undefined {
  const to = headers[linkHeader];
  if (to === undefined) return undefined;
  const body = Buffer.from(
    'The requested POST was applied to a symlink. POST directly to the target to apply requested metadata.',
  );
  const location = `/v1/${headers[`${linkHeader}-account`] ?? encodeURIComponent(target.account)}/${to}`;
  const etag = headers[`${linkHeader}-etag`];
  const about = { location, ...text, 'content-length': String(body.length) };
  return { status: 307, headers: { ...about, ...(etag ? { 'x-symlink-target-etag': etag } : {}) }, body };
}
