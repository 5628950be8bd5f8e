import { type Call, created, noContent, ok, type Route } from '#shared/http/route.ts';
import type { Dashboard } from '../context.ts';
import { sessionIn } from '../sessions/handlers.ts';
import { getSession } from '../sessions/operations.ts';
import {
  addTemplate,
  changeTemplate,
  deleteTemplate,
  listTemplates,
  type NewTemplate,
  type TemplateTexts,
} from './operations.ts';

const path = '/api/templates';
const own = { auth: 'none', subject: getSession } as const;

export const templateRoutes: readonly Route<Dashboard>[] = [
  {
    method: 'get',
    path,
    ...own,
    handler: async (_, call) => ok({ templates: await listTemplates(sessionIn(call)) }),
  },
  {
    method: 'post',
    path,
    ...own,
    body: 'stream',
    handler: async (_, call) => {
      const input = call.query as unknown as NewTemplate;
      const template = await addTemplate(sessionIn(call), input, call.stream, call.header('content-length'));
      return created({ template });
    },
  },
  {
    method: 'patch',
    path: `${path}/:id`,
    ...own,
    handler: async (_, call: Call<TemplateTexts, 'id'>) =>
      ok({ template: await changeTemplate(sessionIn(call), call.params.id, call.body) }),
  },
  {
    method: 'delete',
    path: `${path}/:id`,
    ...own,
    handler: async (_, call: Call<undefined, 'id'>) => {
      await deleteTemplate(sessionIn(call), call.params.id);
      return noContent();
    },
  },
];
