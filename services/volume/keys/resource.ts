/** The keys of encrypted volumes, which no API shows. */
import { notFound } from '#shared/errors/fault.ts';
import type { RowOf } from '#shared/resource/attribute.ts';
import { tableOf } from '#shared/resource/table.ts';
import { key, text, time } from '../attributes.ts';

const attributes = {
  id: key({}),
  project_id: key({}),
  sealed_key: text({}),
  created_at: time({}),
} as const;

export const keyRows = tableOf('encryptionKeys', attributes, (id) => notFound('Encryption key', id));
export type EncryptionKey = RowOf<typeof attributes>;
