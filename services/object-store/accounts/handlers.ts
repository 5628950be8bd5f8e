/** Accounts: every project has one, which is created with its first container. */
import type { AgentAnswer, Headers } from '#shared/contracts/object-agent.ts';
import type { Entry } from '#shared/contracts/object-entry.ts';
import { isoOf, newTimestamp } from '#shared/ring/timestamp.ts';
import { read } from '../cluster/read.ts';
import { changeOrRefuse } from '../cluster/write.ts';
import { hiddenCounters, versionedAccount } from '../objects/versions.ts';
import { accountQuotaOf, shownQuota } from '../quotas/settings.ts';
import { noContent, publicHeaders } from '../requests/answers.ts';
import { authorizeAccount, authorizeOperator, domainHeader, isOperator, orNone } from '../requests/authorize.ts';
import { formatOf, listingAnswer, listingQuery, listingType } from '../requests/listing.ts';
import { metadataOf } from '../requests/metadata.ts';
import { refuse } from '../requests/refusals.ts';
import type { ObjectRequest, PathHandler } from '../requests/request.ts';
import { domainOf } from './domain.ts';

const always = { 'x-account-storage-policy-policy-0-container-count': '0', 'accept-ranges': 'bytes' };

export const showAccount: PathHandler = async (request) => {
  authorizeAccount(request);
  const { headers } = await find(request, 'HEAD', {});
  return noContent({ ...headers, 'content-type': listingType(request.call) });
};

export const listContainers: PathHandler = async (request) => {
  const { call, target } = request;
  authorizeAccount(request);
  const format = formatOf(call);
  const { headers, body } = await find(request, 'GET', listingQuery(call));
  return listingAnswer(format, { root: 'account', name: target.account, element: 'container', rowOf }, body, headers);
};

const rowOf = ({ name, count, bytes, timestamp }: Entry) => ({
  name,
  count,
  bytes,
  last_modified: isoOf(timestamp),
  storage_policy: 'Policy-0',
});

export const setAccount: PathHandler = async (request) => {
  const { store, call, target, headers } = request;
  authorizeOperator(request);
  const about = { ...metadataOf(headers, 'account'), ...accountQuotaOf(call, headers), ...domainOf(request) };
  await changeOrRefuse(store, target, 'PUT', about);
  store.quotas.forget(target.account);
  return noContent();
};

/** Accounts cannot be created or deleted by clients. */
export const refuseAccount: PathHandler = async (request) => {
  authorizeOperator(request);
  throw refuse(405);
};

/** Keys that sign temporary URLs are shown only to those who may set them. */
const withoutKeys = (headers: Headers, mine: boolean): Headers =>
  Object.fromEntries(
    Object.entries(headers).filter(([name]) => mine || !name.startsWith('x-account-meta-temp-url-key')),
  );

/** An account without a write is empty, not missing. */
async function find(request: ObjectRequest, method: 'GET' | 'HEAD', query: Headers): Promise<AgentAnswer> {
  const { store, target } = request;
  const found = await read(store, { kind: 'account', method, path: [target.account], query }).catch(orNone);
  if (found) {
    const { headers, ...answer } = found;
    const { 'content-length': _, ...said } = withoutKeys(publicHeaders(headers), isOperator(request));
    const used = await withVersions(request, headers, said);
    return {
      ...answer,
      headers: { ...used, ...countersOf(used), ...visibleQuotas(headers), 'accept-ranges': 'bytes' },
    };
  }
  const none = { 'x-account-container-count': '0', 'x-account-object-count': '0', 'x-account-bytes-used': '0' };
  return { status: 204, headers: { ...none, ...always, 'x-timestamp': newTimestamp() } };
}

/** The bytes of versions count, too. */
async function withVersions({ store, target }: ObjectRequest, headers: Headers, said: Headers): Promise<Headers> {
  if (headers[versionedAccount] === undefined) return said;
  const hidden = await hiddenCounters(store, 'account', target);
  const bytes = [said, hidden].map((each) => Number(each?.['x-account-bytes-used'] ?? 0));
  return { ...said, 'x-account-bytes-used': String(bytes.reduce((sum, each) => sum + each, 0)) };
}

/** Quotas, which are stored as sysmeta and shown to clients. */
const visibleQuotas = (headers: Headers): Headers => {
  const domain = headers[domainHeader];
  return { ...shownQuota(headers), ...(domain ? { 'x-account-project-domain-id': domain } : {}) };
};

/** The counters again for the only storage policy. */
const countersOf = (headers: Headers): Headers =>
  Object.fromEntries(
    ['container-count', 'object-count', 'bytes-used'].map((name) => [
      `x-account-storage-policy-policy-0-${name}`,
      headers[`x-account-${name}`] ?? '0',
    ]),
  );
