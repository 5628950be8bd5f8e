import type { Query } from '#shared/db/page.ts';
import { type Call, noContent, type Route } from '#shared/http/route.ts';
import { plainRoutes } from '#shared/resource/routes.ts';
import type { Volumes } from '../context.ts';
import { listPage } from '../listing/query.ts';
import { publicReason } from '../workflows/reasons.ts';
import { type Message, message, messageRows, messageView } from './resource.ts';

/** Administrators see the full reason. */
function textFor({ userMessage, detail }: Message, { may }: Pick<Call, 'may'>): string {
  if (may('context_is_admin')) return detail ?? userMessage;
  if (detail !== null) return userMessage;
  const [action = '', ...reason] = userMessage.split(':');
  return `${action}:${publicReason(reason.join(':'))}`;
}

/** Of the caller's project, also for an administrator. */
const ownOf =
  ({ caller }: Pick<Call, 'caller'>) =>
  (query: Query) =>
    void query.where({ projectId: caller.projectId ?? '' });

export const messageRoutes: Route<Volumes>[] = plainRoutes<Volumes, Message, typeof message.attributes>({
  ...message,
  path: '/messages',
  since: '3.3',
  rules: { list: 'message:get_all', show: 'message:get', remove: 'message:delete' },
  page: ({ db }, call) => listPage(db, message, { visible: ownOf(call) }, call),
  find: ({ db }, call) => messageRows.get(db, call.params.id, ownOf(call)),
  enrich: async ({ config }, call, rows) =>
    rows.map((row) => ({
      ...row,
      userMessage: textFor(row, call),
      guaranteedUntil: row.createdAt + config.historyMs,
    })),
  view: messageView,
  remove: async ({ db }, { id }) => {
    await messageRows.remove(db, { id });
  },
  removed: noContent(),
});
