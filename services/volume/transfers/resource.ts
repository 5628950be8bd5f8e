import { notFound } from '#shared/errors/fault.ts';
import type { NewOf, RowOf, Seen } from '#shared/resource/attribute.ts';
import { viewOf } from '#shared/resource/view.ts';
import { empty, flag, json, key, text, time, trimmed } from '../attributes.ts';
import { linksOf, resource } from '../resource.ts';

const hidden = { hidden: true } as const;
const create = ['create'] as const;
const uuid = { type: 'string', format: 'uuid' };

const attributes = {
  id: key({}),
  volume_id: key({ set: create, required: true, filter: true, input: uuid }),
  name: trimmed({ set: create, nullable: true, default: null, filter: true, sort: true }),
  /** The project that gives the volume away. */
  project_id: key(hidden),
  salt: text(hidden),
  /** The key itself is returned once, in the response to the create. */
  key_hash: text(hidden),
  created_at: time({ sort: true }),
  no_snapshots: flag({ set: create, default: false, since: '3.55', input: { type: ['boolean', 'string', 'null'] } }),
} as const;

export const transfer = resource('transfer', 'transfers', {
  table: 'transfers',
  missing: (id) => notFound('Transfer', id),
  attributes,
});
export const transferRows = transfer.rows;
export type Transfer = RowOf<typeof attributes>;
export type NewTransfer = NewOf<typeof attributes>;

/** Links below the path that was asked: it has an old and a new name. */
const links = (id: string, seen: Seen) =>
  linksOf(seen.url?.includes('os-volume-transfer') ? 'os-volume-transfer' : 'volume-transfers')(id, seen);

export const summary = {
  id: attributes.id,
  volume_id: attributes.volume_id,
  name: attributes.name,
  links: json<string>()({ column: 'id', show: links, output: { type: 'array' } }),
} as const;

export const shown = {
  ...attributes,
  links: summary.links,
  source_project_id: key({ column: 'projectId', since: '3.57' }),
  destination_project_id: empty({ column: null, since: '3.57' }),
  accepted: flag({ column: null, since: '3.57', show: () => false }),
} as const;

export const summaryView = viewOf(summary);
export const transferView = viewOf(shown);
export const createdView = viewOf({ ...shown, auth_key: text({ column: 'key' }) });
