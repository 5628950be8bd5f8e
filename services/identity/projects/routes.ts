import type { Route } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { checkTag, deleteTag, deleteTags, listProjectTags, putTag, putTags } from './tag-handlers.ts';

const tags = '/v3/projects/:id/tags';

export const tagRoutes: readonly Route<Identity>[] = [
  { method: 'get', path: tags, ...listProjectTags },
  { method: 'put', path: tags, ...putTags },
  { method: 'delete', path: tags, ...deleteTags },
  { method: 'get', path: `${tags}/:tag`, ...checkTag },
  { method: 'put', path: `${tags}/:tag`, ...putTag },
  { method: 'delete', path: `${tags}/:tag`, ...deleteTag },
];
