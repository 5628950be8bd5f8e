/** POST and DELETE of an object. */
import { change, verdictOf } from '../cluster/write.ts';
import { redirected } from '../features/symlink.ts';
import { noContent, paged } from '../requests/answers.ts';
import { authorize, containerInfo } from '../requests/authorize.ts';
import { objectHeadersOf } from '../requests/metadata.ts';
import { refuse } from '../requests/refusals.ts';
import type { PathHandler } from '../requests/request.ts';
import { versionHeader } from './link-headers.ts';
import { checkDeletable, removeWithVersions } from './remove.ts';
import { lasting, versionPlace } from './versions.ts';

export const setObject: PathHandler = async (request) => {
  const { store, target, headers } = request;
  await authorize(request);
  await containerInfo(store, target);
  const type = headers['content-type'] ? { 'content-type': headers['content-type'] } : {};
  const about = { ...objectHeadersOf(headers), ...type };
  const answers = await change(store, target, 'POST', about);
  if (!answers.some(({ status }) => status < 300) && verdictOf(store, answers) === 404) throw refuse(404);
  const { headers: stored = {} } = answers.find(({ status }) => status < 300) ?? {};
  const version = stored[versionHeader];
  if (version !== undefined) await change(store, versionPlace(target, version), 'POST', lasting(about));
  return (version === undefined ? redirected(request, stored) : undefined) ?? paged(202);
};

export const deleteObject: PathHandler = async (request) => {
  const container = await checkDeletable(request);
  const { existed, headers } = await removeWithVersions(request, container);
  if (!existed) throw refuse(404, undefined, headers);
  return noContent(headers);
};
