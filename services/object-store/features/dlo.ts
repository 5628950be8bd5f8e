/** Dynamic large objects: all objects with a prefix, read a page of the listing at a time. */
import type { Entry, Listed } from '#shared/contracts/object-entry.ts';
import type { Bytes } from '#shared/http/bytes.ts';
import { read } from '../cluster/read.ts';
import type { Range } from '../objects/conditions.ts';
import { chained, inOrder, md5, objectSource, openObject, type Part, type Source, wholeOf } from '../objects/source.ts';
import { authorize, orNone } from '../requests/authorize.ts';
import { listingLimit } from '../requests/listing.ts';
import { decoded, type ObjectPath, type ObjectRequest } from '../requests/request.ts';
import type { StoredForm } from './feature.ts';
import { followed } from './symlink.ts';

interface Page {
  readonly parts: readonly Part[];
  readonly length: number;
  readonly entries: readonly Entry[];
  /** The last name, when there may be more. */
  readonly last: string | undefined;
}

/** With more segments than a listing has at once neither length nor checksum is known, as in Swift. */
async function dynamicSource(request: ObjectRequest, source: Source): Promise<Source> {
  const { target } = request;
  const [container = '', ...rest] = (source.headers['x-object-manifest'] ?? '').split('/').map(decoded);
  const from = { ...target, container, object: rest.join('/') };
  await authorize({ ...request, target: from }, 'GET');
  const first = await pageBelow(request, from, '');
  const about = { ...source, oneRange: true };
  if (first.last !== undefined)
    return { ...about, length: Infinity, etag: '', open: () => pageByPage(request, from, first) };
  const hash = md5(first.entries.map(({ etag }) => etag.split(';')[0]).join(''));
  const etag = first.entries.length === 0 ? source.etag : `"${hash}"`;
  return {
    ...about,
    headers: { ...source.headers, etag },
    etag,
    length: first.length,
    open: (range) => chained(first.parts, range),
  };
}

export const dynamicObject: StoredForm = {
  matches: ({ headers }) => headers['x-object-manifest'] !== undefined,
  resolve: dynamicSource,
};

async function pageBelow(request: ObjectRequest, from: ObjectPath, marker: string): Promise<Page> {
  const { store } = request;
  const query = { prefix: from.object, marker, limit: String(listingLimit) };
  const path = [from.account, from.container];
  const page = await read(store, { kind: 'container', method: 'GET', path, query }).catch(orNone);
  const entries = JSON.parse(String(page?.body ?? '[]')) as Listed[] as Entry[];
  const parts = entries.map(({ name, bytes, etag }): Part => {
    const segment = { ...request, target: { ...from, object: name } };
    const open = etag.includes('; version_id=') ? openVersion : openPlain;
    return { source: { open: (range) => open(segment, range) }, length: bytes };
  });
  const length = entries.reduce((sum, { bytes }) => sum + bytes, 0);
  return { entries, parts, length, last: entries.length < listingLimit ? undefined : entries.at(-1)?.name };
}

const openPlain = ({ store, target }: ObjectRequest, range: Range): Promise<Bytes> => openObject(store, target, range);

/** A segment in a versioned container. */
async function openVersion(request: ObjectRequest, range: Range): Promise<Bytes> {
  const { source } = await followed(request, await objectSource(request.store, request.target));
  return source.open(range);
}

async function pageByPage(request: ObjectRequest, from: ObjectPath, first: Page) {
  let { last } = first;
  const openNext = async () => {
    if (last === undefined) return undefined;
    const page = await pageBelow(request, from, last);
    last = page.last;
    return chained(page.parts, wholeOf(page.length));
  };
  return inOrder(await chained(first.parts, wholeOf(first.length)), openNext);
}
