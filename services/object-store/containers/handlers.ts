import type { Headers } from '#shared/contracts/object-agent.ts';
import type { Entry, Listed } from '#shared/contracts/object-entry.ts';
import type { Answer, Call } from '#shared/http/route.ts';
import { isoOf } from '#shared/ring/timestamp.ts';
import { rememberDomain } from '../accounts/domain.ts';
import { read } from '../cluster/read.ts';
import { deleteInBulk, isBulkDelete } from '../objects/bulk-delete.ts';
import { checkContainerQuota } from '../quotas/settings.ts';
import { cleanAcl } from '../requests/acl.ts';
import { httpDate, noContent, plain, publicHeaders } from '../requests/answers.ts';
import { authorize, denied, isOperator } from '../requests/authorize.ts';
import { escaped, formatOf, listingAnswer, listingQuery } from '../requests/listing.ts';
import { metadataOf } from '../requests/metadata.ts';
import { refuse } from '../requests/refusals.ts';
import { headersIn, partsOf, type Way, type WayHandler } from '../requests/request.ts';
import { changeContainer } from './change.ts';

export const showContainer: WayHandler = async (store, call, way) => {
  await authorize(store, call, way);
  const { headers } = await read(store, { kind: 'container', method: 'HEAD', path: partsOf(way) });
  return noContent({ ...shown(call, way, headers), 'content-type': 'text/plain; charset=utf-8' });
};

export const listObjects: WayHandler = async (store, call, way): Promise<Answer> => {
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

export const createContainer: WayHandler = async (store, call, way) => {
  if (!isOperator(call, way)) throw denied(call);
  const wish = wishOf(call);
  const policy = call.header('x-storage-policy');
  if (policy && policy.toLowerCase() !== 'policy-0') throw refuse(400, `Invalid X-Storage-Policy '${policy}'`);
  await rememberDomain(store, call, way);
  return plain(await changeContainer(store, way, 'PUT', wish));
};

export const setContainer: WayHandler = async (store, call, way) => {
  if (isBulkDelete(call)) return deleteInBulk(store, call, way);
  if (!isOperator(call, way)) throw denied(call);
  const wish = wishOf(call);
  await rememberDomain(store, call, way);
  await changeContainer(store, way, 'POST', wish);
  return noContent();
};

export const deleteContainer: WayHandler = async (store, call, way) => {
  if (isBulkDelete(call)) return deleteInBulk(store, call, way);
  if (!isOperator(call, way)) throw denied(call);
  await changeContainer(store, way, 'DELETE');
  return noContent();
};

const set = ['x-container-read', 'x-container-write'];
const removed = ['x-container-read', 'x-container-write'];

function wishOf(call: Call): Headers {
  const headers = headersIn(call);
  const acls = set
    .filter((name) => headers[name] !== undefined)
    .map((name) => [name, cleanAcl(name, headers[name] ?? '')]);
  const gone = removed
    .filter((name) => headers[name.replace('x-', 'x-remove-')] !== undefined)
    .map((name) => [name, '']);
  checkContainerQuota(headers);
  return { ...metadataOf(headers, 'container'), ...Object.fromEntries([...gone, ...acls]) };
}
