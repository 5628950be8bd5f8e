/** An account is a project's: it is there as soon as somebody looks, and made with its first container. */
import type { AgentAnswer, Headers } from '#shared/contracts/object-agent.ts';
import type { Entry, Listed } from '#shared/contracts/object-entry.ts';
import { Fault } from '#shared/errors/fault.ts';
import type { Answer, Handler } from '#shared/http/route.ts';
import { isoOf, newTimestamp } from '#shared/ring/timestamp.ts';
import { read } from '../cluster/read.ts';
import { verdictOf, write } from '../cluster/write.ts';
import type { ObjectStore } from '../context.ts';
import { noContent, publicHeaders } from '../requests/answers.ts';
import { authorizeAccount, denied, isOperator } from '../requests/authorize.ts';
import { escaped, formatOf, listingAnswer, listingQuery } from '../requests/listing.ts';
import { metadataOf } from '../requests/metadata.ts';
import { refuse } from '../requests/refusals.ts';
import { headersIn, wayOf } from '../requests/request.ts';

const always = { 'x-account-storage-policy-policy-0-container-count': '0', 'accept-ranges': 'bytes' };

export const showAccount: Handler<ObjectStore> = async (store, call) => {
  const way = wayOf(call);
  authorizeAccount(call, way);
  const { headers } = await find(store, way.account, 'HEAD', {});
  return noContent({ ...headers, 'content-type': 'text/plain; charset=utf-8' });
};

export const listContainers: Handler<ObjectStore> = async (store, call): Promise<Answer> => {
  const way = wayOf(call);
  authorizeAccount(call, way);
  const format = formatOf(call);
  const { headers, body } = await find(store, way.account, 'GET', listingQuery(call));
  const listed = JSON.parse(String(body ?? '[]')) as Listed[];
  const rows = listed.map((each) => ('subdir' in each ? { subdir: each.subdir } : rowOf(each)));
  return listingAnswer(format, { root: `account name="${escaped(way.account)}"`, element: 'container', rows }, headers);
};

const rowOf = ({ name, count, bytes, timestamp }: Entry) => ({ name, count, bytes, last_modified: isoOf(timestamp) });

export const setAccount: Handler<ObjectStore> = async (store, call) => {
  const way = wayOf(call);
  if (!isOperator(call, way)) throw denied(call);
  const headers = metadataOf(headersIn(call), 'account');
  if ('x-account-meta-quota-bytes' in headers && !call.may('object-store:resell')) throw refuse(403);
  const timestamp = { 'x-timestamp': newTimestamp() };
  const answers = await write(store, {
    kind: 'account',
    method: 'PUT',
    path: [way.account],
    headers: { ...timestamp, ...headers },
  });
  verdictOf(store, answers);
  return noContent();
};

/** Accounts come and go with their projects. */
export const refuseAccount: Handler<ObjectStore> = async (_store, call) => {
  if (!isOperator(call, wayOf(call))) throw denied(call);
  throw refuse(405);
};

/** One that nobody has written to yet is empty, not missing. */
async function find(store: ObjectStore, account: string, method: 'GET' | 'HEAD', query: Headers): Promise<AgentAnswer> {
  try {
    const { headers, ...answer } = await read(store, { kind: 'account', method, path: [account], query });
    const { 'content-length': _, ...said } = publicHeaders(headers);
    return { ...answer, headers: { ...said, ...countersOf(said), 'accept-ranges': 'bytes' } };
  } catch (error) {
    if (!(error instanceof Fault) || error.status !== 404) throw error;
    const none = { 'x-account-container-count': '0', 'x-account-object-count': '0', 'x-account-bytes-used': '0' };
    return { status: 204, headers: { ...none, ...always, 'x-timestamp': newTimestamp() } };
  }
}

/** The same counters for the one storage policy that there is. */
const countersOf = (headers: Headers): Headers =>
  Object.fromEntries(
    ['container-count', 'object-count', 'bytes-used'].map((name) => [
      `x-account-storage-policy-policy-0-${name}`,
      headers[`x-account-${name}`] ?? '0',
    ]),
  );
