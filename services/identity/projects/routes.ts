import type { Route } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { checkTag, deleteTag, deleteTags, listProjectTags, putTag, putTags } from './tag-handlers.ts';

const tags = '/v3/projects/:id/tags';

/** The handlers ask the rules, with the project itself. */
export const tagRoutes: readonly Route<Identity>[] = [
  { method: 'get', path: tags, handler: listProjectTags, rule: null },
  { method: 'put', path: tags, handler: putTags, rule: null },
  { method: 'delete', path: tags, handler: deleteTags, rule: null },
  { method: 'get', path: `${tags}/:tag`, handler: checkTag, rule: null },
  { method: 'put', path: `${tags}/:tag`, handler: putTag, rule: null },
  { method: 'delete', path: `${tags}/:tag`, handler: deleteTag, rule: null },
];
