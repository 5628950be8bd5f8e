/** POST and DELETE of an object. */
import { change, verdictOf } from '../cluster/write.ts';
import { noContent, paged } from '../requests/answers.ts';
import { authorize, containerInfo } from '../requests/authorize.ts';
import { objectHeadersOf } from '../requests/metadata.ts';
import { refuse } from '../requests/refusals.ts';
import type { PathHandler } from '../requests/request.ts';
import { checkDeletable, removeObject } from './remove.ts';

export const setObject: PathHandler = async (request) => {
  const { store, target, headers } = request;
  await authorize(request);
  await containerInfo(store, target);
  const type = headers['content-type'] ? { 'content-type': headers['content-type'] } : {};
  const answers = await change(store, target, 'POST', { ...objectHeadersOf(headers), ...type });
  if (!answers.some(({ status }) => status < 300) && verdictOf(store, answers) === 404) throw refuse(404);
  return paged(202);
};

export const deleteObject: PathHandler = async (request) => {
  await checkDeletable(request);
  if (!(await removeObject(request.store, request.target))) throw refuse(404);
  return noContent();
};
