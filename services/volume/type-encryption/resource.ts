/** How the volumes of a type are encrypted. */
import { Fault } from '#shared/errors/fault.ts';
import type { ChangeOf, NewOf, RowOf } from '#shared/resource/attribute.ts';
import { tableOf } from '#shared/resource/table.ts';
import { viewOf } from '#shared/resource/view.ts';
import { empty, flag, integer, key, text, time } from '../attributes.ts';

const both = ['create', 'update'] as const;
const nullable = { nullable: true } as const;

/** What bodies say and the answers to them show. */
export const bodies = {
  provider: text({ set: both, required: true }),
  control_location: text({ set: both, required: true, input: { enum: ['front-end', 'back-end'] } }),
  cipher: text({ set: both, default: null, ...nullable }),
  key_size: integer({
    set: both,
    default: null,
    ...nullable,
    input: { type: ['integer', 'string'], pattern: '^[0-9]{1,9}$', minimum: 0, maximum: 2 ** 31 - 1 },
    output: { type: 'integer' },
  }),
} as const;

export const written = {
  ...bodies,
  encryption_id: key({ column: 'id' }),
  volume_type_id: key({ column: 'typeId' }),
} as const;

export const typeEncryptionAttributes = {
  ...written,
  created_at: time({}),
  updated_at: time(nullable),
  deleted_at: empty({ column: null, ...nullable }),
  deleted: flag({ column: null, show: () => false }),
} as const;

export const typeEncryptionRows = tableOf('typeEncryptions', typeEncryptionAttributes, (typeId) =>
  notEncrypted(typeId),
);
export type TypeEncryption = RowOf<typeof typeEncryptionAttributes>;
export type NewTypeEncryption = NewOf<typeof bodies>;
export type TypeEncryptionChange = ChangeOf<typeof bodies>;
export const typeEncryptionView = viewOf(typeEncryptionAttributes);
export const writtenView = viewOf(written);

export const notEncrypted = (typeId: string) =>
  new Fault(404, 'notFound', `Volume type encryption for type ${typeId} does not exist.`);
