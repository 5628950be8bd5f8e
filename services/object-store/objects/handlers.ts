/** POST and DELETE of an object. */
import type { Answer, Call, Handler } from '#shared/http/route.ts';
import { newTimestamp } from '#shared/ring/timestamp.ts';
import { verdictOf, write } from '../cluster/write.ts';
import type { ObjectStore } from '../context.ts';
import { noContent, paged } from '../requests/answers.ts';
import { authorize, containerInfo } from '../requests/authorize.ts';
import { objectHeadersOf } from '../requests/metadata.ts';
import { refuse } from '../requests/refusals.ts';
import { headersIn, partsOf, type Way, wayOf } from '../requests/request.ts';
import { segmentsOf } from './manifest.ts';

export const setObject: Handler<ObjectStore> = async (store, call) => {
  const way = wayOf(call);
  await authorize(store, call, way);
  const said = headersIn(call);
  await containerInfo(store, way);
  const type = said['content-type'] ? { 'content-type': said['content-type'] } : {};
  const headers = { ...objectHeadersOf(said), ...type, 'x-timestamp': newTimestamp() };
  const answers = await write(store, {
    kind: 'object',
    method: 'POST',
    path: partsOf(way),
    headers,
    share: 'x-container-replicas',
  });
  if (!answers.some(({ status }) => status < 300) && verdictOf(store, answers) === 404) throw refuse(404);
  return paged(202);
};

export const deleteObject: Handler<ObjectStore> = async (store, call) => {
  const way = wayOf(call);
  await authorize(store, call, way);
  await containerInfo(store, way);
  if (call.query['multipart-manifest'] === 'delete') return deleteLarge(store, call, way);
  if (!(await remove(store, way))) throw refuse(404);
  return noContent();
};

/** False when nobody had it. */
async function remove(store: ObjectStore, way: Way): Promise<boolean> {
  const headers = { 'x-timestamp': newTimestamp() };
  const answers = await write(store, {
    kind: 'object',
    method: 'DELETE',
    path: partsOf(way),
    headers,
    share: 'x-container-replicas',
  });
  const status = verdictOf(
    store,
    answers.map((each) => (each.status === 404 ? { ...each, status: 204 } : each)),
  );
  if (status >= 400) throw refuse(status);
  return answers.some((each) => each.status < 300);
}

/** Segments first: a manifest without its segments could be found again, segments without a manifest could not. */
async function deleteLarge(store: ObjectStore, call: Call, way: Way): Promise<Answer> {
  const all = [...(await segmentsOf(store, way)), way];
  for (const each of all) await authorize(store, call, each, 'DELETE');
  const outcomes: boolean[] = [];
  for (const each of all) outcomes.push(await remove(store, each));
  const deleted = outcomes.filter(Boolean).length;
  const counts = { 'Number Deleted': deleted, 'Number Not Found': outcomes.length - deleted };
  return told(call, { 'Response Status': '200 OK', 'Response Body': '', ...counts, Errors: [] });
}

function told({ header }: Call, report: Readonly<Record<string, string | number | readonly string[]>>): Answer {
  if (header('accept')?.includes('json')) return { status: 200, body: report };
  const lines = Object.entries(report).map(([name, value]) => `${name}: ${value}\n`);
  return { status: 200, headers: { 'content-type': 'text/plain' }, body: Buffer.from(lines.join('')) };
}
