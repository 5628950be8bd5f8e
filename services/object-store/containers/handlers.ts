import type { Headers } from '#shared/contracts/object-agent.ts';
import type { Entry } from '#shared/contracts/object-entry.ts';
import { isoOf } from '#shared/ring/timestamp.ts';
import { rememberDomain } from '../accounts/domain.ts';
import { read } from '../cluster/read.ts';
import { changeOrRefuse } from '../cluster/write.ts';
import { checkContainerQuota } from '../quotas/settings.ts';
import { cleanAcl } from '../requests/acl.ts';
import { httpDate, noContent, plain, publicHeaders } from '../requests/answers.ts';
import { authorize, authorizeOperator, isOperator } from '../requests/authorize.ts';
import { formatOf, listingAnswer, listingQuery } from '../requests/listing.ts';
import { metadataOf } from '../requests/metadata.ts';
import { refuse } from '../requests/refusals.ts';
import { type ObjectRequest, type PathHandler, partsOf } from '../requests/request.ts';

export const showContainer: PathHandler = async (request) => {
  const { store, target } = request;
  await authorize(request);
  const { headers } = await read(store, { kind: 'container', method: 'HEAD', path: partsOf(target) });
  return noContent({ ...shown(request, headers), 'content-type': 'text/plain; charset=utf-8' });
};

export const listObjects: PathHandler = async (request) => {
  const { store, call, target } = request;
  await authorize(request);
  const format = formatOf(call);
  const query = listingQuery(call);
  const { headers, body } = await read(store, { kind: 'container', method: 'GET', path: partsOf(target), query });
  const rows = { root: 'container', name: target.container, element: 'object', rowOf };
  return listingAnswer(format, rows, body, shown(request, headers));
};

const rowOf = ({ name, etag, bytes, type, timestamp, meta }: Entry) => ({
  name,
  hash: etag,
  bytes,
  content_type: Buffer.from(type, 'latin1').toString(),
  last_modified: isoOf(meta > timestamp ? meta : timestamp),
});

/** ACLs and keys are shown only to those who may set them. */
function shown(request: ObjectRequest, headers: Headers): Headers {
  const { 'content-length': _, ...said } = publicHeaders(headers);
  const mine = isOperator(request);
  const open = Object.entries(said).filter(
    ([name]) => mine || !/^x-container-(read|write|sync-|meta-temp-url-key)/.test(name),
  );
  return {
    ...Object.fromEntries(open),
    'accept-ranges': 'bytes',
    'x-storage-policy': 'Policy-0',
    'last-modified': httpDate(headers['x-put-timestamp'] ?? ''),
  };
}

export const createContainer: PathHandler = async (request) => {
  authorizeOperator(request);
  const input = inputOf(request);
  const { 'x-storage-policy': policy } = request.headers;
  if (policy && policy.toLowerCase() !== 'policy-0') throw refuse(400, `Invalid X-Storage-Policy '${policy}'`);
  await rememberDomain(request);
  return plain(await changeOrRefuse(request.store, request.target, 'PUT', input));
};

export const setContainer: PathHandler = async (request) => {
  authorizeOperator(request);
  const input = inputOf(request);
  await rememberDomain(request);
  await changeOrRefuse(request.store, request.target, 'POST', input);
  return noContent();
};

export const deleteContainer: PathHandler = async (request) => {
  authorizeOperator(request);
  await changeOrRefuse(request.store, request.target, 'DELETE');
  return noContent();
};

function inputOf({ headers }: ObjectRequest): Headers {
  const acls = ['x-container-read', 'x-container-write'].flatMap((name) => {
    const value = headers[name];
    if (value !== undefined) return [[name, cleanAcl(name, value)]];
    return headers[name.replace('x-', 'x-remove-')] === undefined ? [] : [[name, '']];
  });
  checkContainerQuota(headers);
  return { ...metadataOf(headers, 'container'), ...Object.fromEntries(acls) };
}
