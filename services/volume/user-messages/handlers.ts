import { longTime } from '#shared/api/times.ts';
import { isAdmin } from '#shared/auth/caller.ts';
import { type Call, gone, type Handler, ok } from '#shared/http/route.ts';
import type { Volumes } from '../context.ts';
import { constant, type Listing, listPage, text } from '../listing/query.ts';
import { publicReason } from '../workflows/reasons.ts';
import { getMessage, type Message, messageOf, removeMessage } from './store.ts';

function textFor(caller: Call['caller'], { userMessage, detail }: Omit<Message, 'id'>): string {
  if (isAdmin(caller)) return detail ?? userMessage;
  if (detail !== null) return userMessage;
  const [action = '', ...reason] = userMessage.split(':');
  return `${action}:${publicReason(reason.join(':'))}`;
}

const messageView =
  (service: Volumes, { base, caller }: Pick<Call, 'base' | 'caller'>) =>
  ({ id, ...message }: Message) => ({
    id,
    request_id: message.requestId,
    resource_type: message.resourceType,
    resource_uuid: message.resourceId,
    event_id: message.eventId,
    message_level: 'ERROR',
    user_message: textFor(caller, message),
    created_at: longTime(message.createdAt),
    guaranteed_until: longTime(message.createdAt + service.config.historyMs),
    links: [
      { rel: 'self', href: `${base}/v3/${message.projectId}/messages/${id}` },
      { rel: 'bookmark', href: `${base}/${message.projectId}/messages/${id}` },
    ],
  });

export const listing: Listing = {
  table: 'messages',
  collection: 'messages',
  what: 'Message',
  filters: {
    event_id: text('eventId'),
    request_id: text('requestId'),
    resource_uuid: text('resourceId'),
    resource_type: text('resourceType'),
    message_level: constant((value) => value === 'ERROR'),
  },
  sortKeys: { created_at: 'createdAt', event_id: 'eventId' },
};

export const listMessages: Handler<Volumes> = async (service, call) => {
  const scope = { projectId: call.caller.projectId ?? '' };
  const { rows, extra } = await listPage(service.db, listing, scope, call, messageOf);
  return ok({ messages: rows.map(messageView(service, call)), ...extra });
};

export const showMessage: Handler<Volumes, unknown, 'id'> = async (service, call) =>
  ok({ message: messageView(service, call)(await getMessage(service.db, call.caller, call.params.id)) });

export const deleteMessage: Handler<Volumes, unknown, 'id'> = async ({ db }, { caller, params }) => {
  const { id } = await getMessage(db, caller, params.id);
  await removeMessage(db, id);
  return gone();
};
