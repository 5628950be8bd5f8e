/** POST and DELETE of an object. */
import type { Headers } from '#shared/contracts/object-agent.ts';
import { newTimestamp } from '#shared/ring/timestamp.ts';
import { verdictOf, write } from '../cluster/write.ts';
import type { ObjectStore } from '../context.ts';
import { noContent, paged } from '../requests/answers.ts';
import { authorize, containerInfo } from '../requests/authorize.ts';
import { objectHeadersOf } from '../requests/metadata.ts';
import { refuse } from '../requests/refusals.ts';
import { headersIn, type ObjectPath, type PathHandler, partsOf } from '../requests/request.ts';
import { deleteInBulk, isBulkDelete } from './bulk-delete.ts';
import { deleteLarge } from './delete-large.ts';
import { removeObject } from './remove.ts';
import { objectSource } from './source.ts';

export const setObject: PathHandler = async (store, call, target) => {
  if (isBulkDelete(call)) return deleteInBulk(store, call, target);
  await authorize(store, call, target);
  const given = headersIn(call);
  await containerInfo(store, target);
  const type = given['content-type'] ? { 'content-type': given['content-type'] } : {};
  const headers = { ...objectHeadersOf(given), ...type, 'x-timestamp': newTimestamp() };
  const answers = await write(store, {
    kind: 'object',
    method: 'POST',
    path: partsOf(target),
    headers,
    share: 'x-container-replicas',
  });
  if (!answers.some(({ status }) => status < 300) && verdictOf(store, answers) === 404) throw refuse(404);
  return paged(202);
};

export const deleteObject: PathHandler = async (store, call, target) => {
  if (isBulkDelete(call)) return deleteInBulk(store, call, target);
  await authorize(store, call, target);
  await containerInfo(store, target);
  await checkDeleteAt(store, target, headersIn(call));
  if (call.query['multipart-manifest'] === 'delete') return deleteLarge(store, call, target);
  if (!(await removeObject(store, target))) throw refuse(404);
  return noContent();
};

/** X-If-Delete-At: only an object that ends then. */
async function checkDeleteAt(
  store: ObjectStore,
  target: ObjectPath,
  { 'x-if-delete-at': wanted }: Headers,
): Promise<void> {
  if (wanted === undefined) return;
  if (!/^\s*\d{1,12}\s*$/.test(wanted)) throw refuse(400, 'Bad X-If-Delete-At header value');
  const { headers } = await objectSource(store, target);
  if (Number(headers['x-delete-at'] ?? Number.NaN) !== Number(wanted))
    throw refuse(412, 'X-If-Delete-At and X-Delete-At do not match');
}
