/** POST and DELETE of an object. */
import { change, verdictOf } from '../cluster/write.ts';
import { noContent, paged } from '../requests/answers.ts';
import { authorize, containerInfo } from '../requests/authorize.ts';
import { objectHeadersOf } from '../requests/metadata.ts';
import { refuse } from '../requests/refusals.ts';
import { headersIn, type PathHandler } from '../requests/request.ts';
import { checkDeletable, removeObject } from './remove.ts';

export const setObject: PathHandler = async (store, call, target) => {
  await authorize(store, call, target);
  const given = headersIn(call);
  await containerInfo(store, target);
  const type = given['content-type'] ? { 'content-type': given['content-type'] } : {};
  const answers = await change(store, target, 'POST', { ...objectHeadersOf(given), ...type });
  if (!answers.some(({ status }) => status < 300) && verdictOf(store, answers) === 404) throw refuse(404);
  return paged(202);
};

export const deleteObject: PathHandler = async (store, call, target) => {
  await checkDeletable(store, call, target);
  if (!(await removeObject(store, target))) throw refuse(404);
  return noContent();
};
