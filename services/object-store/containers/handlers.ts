import type { Headers } from '#shared/contracts/object-agent.ts';
import type { Entry, Listed } from '#shared/contracts/object-entry.ts';
import type { Answer, Call, Handler } from '#shared/http/route.ts';
import { isoOf, newTimestamp } from '#shared/ring/timestamp.ts';
import { read } from '../cluster/read.ts';
import { verdictOf, write } from '../cluster/write.ts';
import type { ObjectStore } from '../context.ts';
import { cleanAcl } from '../requests/acl.ts';
import { httpDate, noContent, plain, publicHeaders } from '../requests/answers.ts';
import { authorize, denied, isOperator } from '../requests/authorize.ts';
import { escaped, formatOf, listingAnswer, listingQuery } from '../requests/listing.ts';
import { metadataOf } from '../requests/metadata.ts';
import { refuse } from '../requests/refusals.ts';
import { headersIn, partsOf, type Way, wayOf } from '../requests/request.ts';

/** A path that ends in a slash and names no container is about the account. */
export const showContainer: Handler<ObjectStore> = async (store, call) => {
  const way = wayOf(call);
  await authorize(store, call, way);
  const { headers } = await read(store, { kind: 'container', method: 'HEAD', path: partsOf(way) });
  return noContent({ ...shown(call, way, headers), 'content-type': 'text/plain; charset=utf-8' });
};

export const listObjects: Handler<ObjectStore> = async (store, call): Promise<Answer> => {
  const way = wayOf(call);
  await authorize(store, call, way);
  const format = formatOf(call);
  const query = listingQuery(call);
  const { headers, body } = await read(store, { kind: 'container', method: 'GET', path: partsOf(way), query });
  const listed = JSON.parse(String(body ?? '[]')) as Listed[];
  const rows = listed.map((each) => ('subdir' in each ? { subdir: each.subdir } : rowOf(each)));
  const root = `container name="${escaped(way.container)}"`;
  return listingAnswer(format, { root, element: 'object', rows }, shown(call, way, headers));
};

const rowOf = ({ name, etag, bytes, type, timestamp, meta }: Entry) => ({
  name,
  hash: etag,
  bytes,
  content_type: Buffer.from(type, 'latin1').toString(),
  last_modified: isoOf(meta > timestamp ? meta : timestamp),
});

/** Who may read is told only to those who decide it. */
function shown(call: Call, way: Way, headers: Headers): Headers {
  const { 'content-length': _, ...said } = publicHeaders(headers);
  const mine = isOperator(call, way);
  const open = Object.entries(said).filter(([name]) => mine || !/^x-container-(read|write|sync-)/.test(name));
  return {
    ...Object.fromEntries(open),
    'accept-ranges': 'bytes',
    'x-storage-policy': 'Policy-0',
    'last-modified': httpDate(headers['x-put-timestamp'] ?? ''),
  };
}

export const createContainer: Handler<ObjectStore> = async (store, call) => {
  const way = wayOf(call);
  if (!isOperator(call, way)) throw denied(call);
  const wish = wishOf(call);
  const policy = call.header('x-storage-policy');
  if (policy && policy.toLowerCase() !== 'policy-0') throw refuse(400, `Invalid X-Storage-Policy '${policy}'`);
  return plain(await change(store, way, 'PUT', wish));
};

export const setContainer: Handler<ObjectStore> = async (store, call) => {
  const way = wayOf(call);
  if (!isOperator(call, way)) throw denied(call);
  const status = await change(store, way, 'POST', wishOf(call));
  if (status === 404) throw refuse(404);
  return noContent();
};

export const deleteContainer: Handler<ObjectStore> = async (store, call) => {
  const way = wayOf(call);
  if (!isOperator(call, way)) throw denied(call);
  const status = await change(store, way, 'DELETE', {});
  if (status >= 400) throw refuse(status);
  return noContent();
};

async function change(store: ObjectStore, way: Way, method: 'PUT' | 'POST' | 'DELETE', wish: Headers): Promise<number> {
  const headers = { ...wish, 'x-timestamp': newTimestamp() };
  const answers = await write(store, {
    kind: 'container',
    method,
    path: partsOf(way),
    headers,
    share: 'x-account-replicas',
  });
  return verdictOf(store, answers);
}

const set = ['x-container-read', 'x-container-write'];
const removed = ['x-container-read', 'x-container-write'];

function wishOf(call: Call): Headers {
  const headers = headersIn(call);
  const acls = set
    .filter((name) => headers[name] !== undefined)
    .map((name) => [name, cleanAcl(name, headers[name] ?? '')]);
  const gone = removed.filter((name) => headers[name.replace('x-', 'x-remove-')]).map((name) => [name, '']);
  return { ...metadataOf(headers, 'container'), ...Object.fromEntries([...acls, ...gone]) };
}
