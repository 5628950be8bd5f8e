import type { Headers } from '#shared/contracts/object-agent.ts';
import type { Entry } from '#shared/contracts/object-entry.ts';
import type { Answer, Call } from '#shared/http/route.ts';
import { isoOf } from '#shared/ring/timestamp.ts';
import { rememberDomain } from '../accounts/domain.ts';
import { read } from '../cluster/read.ts';
import { changeOrRefuse } from '../cluster/write.ts';
import { checkContainerQuota } from '../quotas/settings.ts';
import { cleanAcl } from '../requests/acl.ts';
import { httpDate, noContent, plain, publicHeaders } from '../requests/answers.ts';
import { authorize, denied, isOperator } from '../requests/authorize.ts';
import { formatOf, listingAnswer, listingQuery } from '../requests/listing.ts';
import { metadataOf } from '../requests/metadata.ts';
import { refuse } from '../requests/refusals.ts';
import { headersIn, type ObjectPath, type PathHandler, partsOf } from '../requests/request.ts';

export const showContainer: PathHandler = async (store, call, target) => {
  await authorize(store, call, target);
  const { headers } = await read(store, { kind: 'container', method: 'HEAD', path: partsOf(target) });
  return noContent({ ...shown(call, target, headers), 'content-type': 'text/plain; charset=utf-8' });
};

export const listObjects: PathHandler = async (store, call, target): Promise<Answer> => {
  await authorize(store, call, target);
  const format = formatOf(call);
  const query = listingQuery(call);
  const { headers, body } = await read(store, { kind: 'container', method: 'GET', path: partsOf(target), query });
  const rows = { root: 'container', name: target.container, element: 'object', rowOf };
  return listingAnswer(format, rows, body, shown(call, target, headers));
};

const rowOf = ({ name, etag, bytes, type, timestamp, meta }: Entry) => ({
  name,
  hash: etag,
  bytes,
  content_type: Buffer.from(type, 'latin1').toString(),
  last_modified: isoOf(meta > timestamp ? meta : timestamp),
});

/** ACLs are shown only to those who may set them. */
function shown(call: Call, target: ObjectPath, headers: Headers): Headers {
  const { 'content-length': _, ...said } = publicHeaders(headers);
  const mine = isOperator(call, target);
  const open = Object.entries(said).filter(([name]) => mine || !/^x-container-(read|write|sync-)/.test(name));
  return {
    ...Object.fromEntries(open),
    'accept-ranges': 'bytes',
    'x-storage-policy': 'Policy-0',
    'last-modified': httpDate(headers['x-put-timestamp'] ?? ''),
  };
}

export const createContainer: PathHandler = async (store, call, target) => {
  if (!isOperator(call, target)) throw denied(call);
  const input = inputOf(call);
  const policy = call.header('x-storage-policy');
  if (policy && policy.toLowerCase() !== 'policy-0') throw refuse(400, `Invalid X-Storage-Policy '${policy}'`);
  await rememberDomain(store, call, target);
  return plain(await changeOrRefuse(store, target, 'PUT', input));
};

export const setContainer: PathHandler = async (store, call, target) => {
  if (!isOperator(call, target)) throw denied(call);
  const input = inputOf(call);
  await rememberDomain(store, call, target);
  await changeOrRefuse(store, target, 'POST', input);
  return noContent();
};

export const deleteContainer: PathHandler = async (store, call, target) => {
  if (!isOperator(call, target)) throw denied(call);
  await changeOrRefuse(store, target, 'DELETE');
  return noContent();
};

function inputOf(call: Call): Headers {
  const headers = headersIn(call);
  const acls = ['x-container-read', 'x-container-write'].flatMap((name) => {
    const value = headers[name];
    if (value !== undefined) return [[name, cleanAcl(name, value)]];
    return headers[name.replace('x-', 'x-remove-')] === undefined ? [] : [[name, '']];
  });
  checkContainerQuota(headers);
  return { ...metadataOf(headers, 'container'), ...Object.fromEntries(acls) };
}
