/** One object from another, without a detour through the client. */
import type { Headers } from '#shared/contracts/object-agent.ts';
import type { Answer, Call, Handler } from '#shared/http/route.ts';
import { newTimestamp } from '#shared/ring/timestamp.ts';
import { upload } from '../cluster/upload.ts';
import type { ObjectStore } from '../context.ts';
import { httpDate, plain } from '../requests/answers.ts';
import { authorize, containerInfo } from '../requests/authorize.ts';
import { contentTypeOf, objectHeadersOf } from '../requests/metadata.ts';
import { refuse } from '../requests/refusals.ts';
import { decoded, headersIn, isTrue, partsOf, type Way, wayFrom, wayOf } from '../requests/request.ts';
import { conditionOf, rangesOf } from './conditions.ts';
import { resolved } from './segments.ts';
import { objectSource, type Source, streamOf, wholeOf } from './source.ts';

/** COPY says where to; PUT with X-Copy-From says where from. */
export const copyObject: Handler<ObjectStore> = async (store, call) => {
  const from = wayOf(call);
  const headers = headersIn(call);
  const account = decoded(headers['destination-account'] ?? '') || from.account;
  if (headers.destination === undefined) throw refuse(412, 'Destination header required');
  const to = wayFrom(account, headers.destination, true);
  await authorize(store, call, to, 'PUT');
  return copy(store, call, from, to, headers);
};

export async function copyFrom(store: ObjectStore, call: Call, to: Way, headers: Headers): Promise<Answer> {
  if (Number(headers['content-length'] ?? 0) > 0) throw refuse(400, 'Copy requests require a zero byte body');
  const account = decoded(headers['x-copy-from-account'] ?? '') || to.account;
  const from = wayFrom(account, headers['x-copy-from'] ?? '', true);
  return copy(store, call, from, to, headers);
}

async function copy(store: ObjectStore, call: Call, from: Way, to: Way, headers: Headers): Promise<Answer> {
  await authorize(store, call, from, 'GET');
  const source = await resolved(store, call, from, await objectSource(store, from, true));
  if (conditionOf(headers, source.etag, source.headers['x-timestamp'] ?? '')) throw refuse(412);
  await containerInfo(store, to);
  if (source.length > store.settings.maxFileBytes) throw refuse(413);
  const ranges = rangesOf(headers.range, source.length);
  if (ranges?.length === 0) throw refuse(416);
  const range = ranges?.[0] ?? wholeOf(source.length);
  const timestamp = newTimestamp();
  const length = range.to - range.from + 1;
  const body = streamOf(await source.open(range));
  const common = {
    path: partsOf(to),
    timestamp,
    headers: about(call, source, to, headers),
    length,
    body,
    etag: undefined,
  };
  const { etag } = await upload(store, { ...common, mostBytes: store.settings.maxFileBytes });
  return plain(201, {
    etag,
    'last-modified': httpDate(timestamp),
    'x-copied-from': [from.container, ...from.object.split('/')].map(encodeURIComponent).join('/'),
    'x-copied-from-account': encodeURIComponent(from.account),
    'x-copied-from-last-modified': httpDate(source.headers['x-timestamp'] ?? ''),
  });
}

const carried =
  /^(x-object-meta-|content-encoding|content-disposition|content-language|cache-control|expires|x-delete-at)/;
/** A copied manifest is one: asked for with `multipart-manifest=get`. */
const manifest = /^(x-static-large-object|x-object-manifest|x-object-sysmeta-slo-)/;

/** What the source says of itself, and over it what the request says; X-Fresh-Metadata leaves out the first. */
function about(call: Call, source: Source, to: Way, headers: Headers): Headers {
  const asManifest = call.query['multipart-manifest'] === 'get';
  const pick = (wanted: RegExp) => Object.entries(source.headers).filter(([name]) => wanted.test(name));
  const old = isTrue(headers['x-fresh-metadata']) ? [] : pick(carried);
  const kept = asManifest ? pick(manifest) : [];
  const said = call.method === 'COPY' || headers['content-type'] ? headers['content-type'] : undefined;
  const type = said
    ? contentTypeOf(headers, to.object)
    : (source.headers['content-type'] ?? 'application/octet-stream');
  return { ...Object.fromEntries([...old, ...kept]), ...objectHeadersOf(headers), 'content-type': type };
}
