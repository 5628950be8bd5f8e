/** Credentials of users: EC2 keys, TOTP seeds, certificates. The blob is encrypted. */
import type { Json } from '#shared/api/document.ts';
import { both, extra, reference, text } from '../resources/attributes.ts';
import { type Row, resource } from '../resources/resource.ts';

const blob: Json = { type: ['string', 'object'] };

export const credential = resource({
  one: 'credential',
  path: '/credentials',
  table: 'credentials',
  attributes: {
    /** Of an EC2 key the SHA-256 of the access key. */
    id: text({}),
    user_id: text({ set: both, filter: true, input: reference }),
    project_id: text({ set: both, nullable: true, default: null, input: reference }),
    type: text({ set: both, required: true, filter: true, input: { type: 'string', minLength: 1, maxLength: 255 } }),
    blob: text({ column: null, set: both, required: true, input: blob }),
    sealed_blob: text({ hidden: true }),
    key_id: text({ hidden: true }),
    extra,
  },
});
export type CredentialRow = Row<typeof credential>;
