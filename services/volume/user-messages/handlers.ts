import { longTime } from '#shared/api/times.ts';
import { isAdmin } from '#shared/auth/caller.ts';
import { type Call, gone, type Handler, ok } from '#shared/http/route.ts';
import type { Volumes } from '../context.ts';
import { type Listing, pageOf, textFilters } from '../listing/page.ts';
import { publicReason } from '../workflows/reasons.ts';
import { getMessage, listMessages as list, type Message, removeMessage } from './store.ts';

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

export const listing: Listing<Message> = {
  collection: 'messages',
  what: 'Message',
  filters: {
    ...textFilters<Message>('event_id', ({ eventId }) => eventId),
    ...textFilters<Message>('request_id', ({ requestId }) => requestId),
    ...textFilters<Message>('resource_uuid', ({ resourceId }) => resourceId),
    ...textFilters<Message>('resource_type', ({ resourceType }) => resourceType),
    message_level: (_message, value) => value === 'ERROR',
  },
  sortKeys: { created_at: ({ createdAt }) => createdAt, event_id: ({ eventId }) => eventId },
};

export const listMessages: Handler<Volumes> = async (service, call) => {
  const page = pageOf(listing, await list(service.db, call.caller), call);
  return ok({ messages: page.rows.map(messageView(service, call)), ...page.beside });
};

export const showMessage: Handler<Volumes> = async (service, call) =>
  ok({ message: messageView(service, call)(await getMessage(service.db, call.caller, call.params.id ?? '')) });

export const deleteMessage: Handler<Volumes> = async ({ db }, { caller, params }) => {
  const { id } = await getMessage(db, caller, params.id ?? '');
  await removeMessage(db, id);
  return gone();
};
