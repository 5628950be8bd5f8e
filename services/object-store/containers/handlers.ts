import type { Headers } from '#shared/contracts/object-agent.ts';
import { rememberDomain } from '../accounts/domain.ts';
import { read } from '../cluster/read.ts';
import { change, changeOrRefuse } from '../cluster/write.ts';
import { hiddenCounters, hiddenOf, versioningHeader } from '../objects/versions.ts';
import { checkContainerQuota } from '../quotas/settings.ts';
import { cleanAcl } from '../requests/acl.ts';
import { noContent, plain } from '../requests/answers.ts';
import { authorize, authorizeOperator } from '../requests/authorize.ts';
import { formatOf, listingAnswer, listingQuery, listingType } from '../requests/listing.ts';
import { metadataOf } from '../requests/metadata.ts';
import { refuse } from '../requests/refusals.ts';
import { type ObjectRequest, type PathHandler, partsOf } from '../requests/request.ts';
import { versioningInput } from './versioning.ts';
import { containerRow, shown } from './view.ts';

export const showContainer: PathHandler = async (request) => {
  const { store, target } = request;
  await authorize(request);
  const { headers } = await read(store, { kind: 'container', method: 'HEAD', path: partsOf(target) });
  return noContent({
    ...shown(request, await withVersions(request, headers)),
    'content-type': listingType(request.call),
  });
};

/** The bytes of versions count, too. */
async function withVersions({ store, target }: ObjectRequest, headers: Headers): Promise<Headers> {
  if (headers[versioningHeader] === undefined) return headers;
  const hidden = await hiddenCounters(store, 'container', target);
  const bytes = Number(hidden?.['x-container-bytes-used'] ?? 0);
  return bytes === 0 ? headers : { ...headers, 'x-container-bytes-used': String(bytes) };
}

export const listObjects: PathHandler = async (request) => {
  const { store, call, target } = request;
  await authorize(request);
  const format = formatOf(call);
  const query = listingQuery(call);
  const { headers, body } = await read(store, { kind: 'container', method: 'GET', path: partsOf(target), query });
  const rows = { root: 'container', name: target.container, element: 'object', rowOf: containerRow(target.account) };
  return listingAnswer(format, rows, body, shown(request, headers));
};

export const createContainer: PathHandler = async (request) => {
  authorizeOperator(request);
  const input = { ...inputOf(request), ...(await versioningInput(request)) };
  const { 'x-storage-policy': policy } = request.headers;
  if (policy && policy.toLowerCase() !== 'policy-0') throw refuse(400, `Invalid X-Storage-Policy '${policy}'`);
  await rememberDomain(request);
  return plain(await changeOrRefuse(request.store, request.target, 'PUT', input));
};

export const setContainer: PathHandler = async (request) => {
  authorizeOperator(request);
  const input = { ...inputOf(request), ...(await versioningInput(request)) };
  await rememberDomain(request);
  await changeOrRefuse(request.store, request.target, 'POST', input);
  return noContent();
};

export const deleteContainer: PathHandler = async (request) => {
  const { store, target } = request;
  authorizeOperator(request);
  const versions = await hiddenCounters(store, 'container', target);
  if (Number(versions?.['x-container-object-count'] ?? 0) > 0)
    throw refuse(409, 'Delete all versions before the container.');
  await changeOrRefuse(store, target, 'DELETE');
  if (versions) await change(store, hiddenOf(target), 'DELETE');
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
