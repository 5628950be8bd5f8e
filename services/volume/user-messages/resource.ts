/** Messages for users: why an operation failed. */
import { notFound } from '#shared/errors/fault.ts';
import type { RowOf } from '#shared/resource/attribute.ts';
import { viewOf } from '#shared/resource/view.ts';
import { choice, json, key, text, time } from '../attributes.ts';
import { constant } from '../listing/store.ts';
import { linksOf, resource } from '../resource.ts';

const hidden = { hidden: true } as const;

const attributes = {
  id: key({}),
  project_id: key(hidden),
  request_id: text({ filter: true }),
  resource_type: choice<'VOLUME' | 'VOLUME_SNAPSHOT' | 'VOLUME_BACKUP' | 'VOLUME_GROUP' | 'GROUP_SNAPSHOT'>()({
    filter: true,
  }),
  resource_uuid: text({ column: 'resourceId', filter: true }),
  event_id: text({ filter: true, sort: true }),
  user_message: text({}),
  /** The full reason; null in rows of earlier versions, whose `userMessage` holds it. */
  detail: text({ ...hidden, nullable: true }),
  created_at: time({ sort: true }),
} as const;

export const message = resource('message', 'messages', {
  table: 'messages',
  missing: (id) => notFound('Message', id),
  attributes,
  filters: { message_level: constant((value) => value === 'ERROR') },
});
export const messageRows = message.rows;
export type Message = RowOf<typeof attributes>;

export const shown = {
  ...attributes,
  message_level: choice<'ERROR'>()({ column: null, show: () => 'ERROR', output: { enum: ['ERROR'] } }),
  guaranteed_until: time({}),
  links: json<string>()({ column: 'id', show: linksOf('messages'), output: { type: 'array' } }),
} as const;
export const messageView = viewOf(shown);
