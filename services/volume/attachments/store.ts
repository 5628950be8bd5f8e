import type { Knex } from 'knex';
import type { Caller } from '#shared/auth/caller.ts';
import type { Seal } from '#shared/seal/seal.ts';
import { acquire, type Owned } from '#shared/states/owned.ts';
import { keyRows } from '../keys/resource.ts';
import { allowedBy } from '../listing/store.ts';
import { type Attachment, attachmentRows } from './resource.ts';
import { attachmentTransitions } from './states.ts';

/** The attachment's CHAP secret in clear. */
export const secretOf =
  ({ open }: Seal) =>
  ({ sealedSecret, chapSecret }: Attachment): string =>
    sealedSecret === null ? chapSecret : open(sealedSecret);

/** What an answer may say of an attachment to a caller who may know it. */
export interface Secrets {
  /** The CHAP secret. */
  secretOf(attachment: Attachment): string;
  /** The key of an encrypted volume; undefined for a caller that is no service. */
  keyOf(attachment: Attachment): string | undefined;
}

/** Services get the keys of encrypted volumes, too: their hosts decrypt. */
export async function secretsOf(
  { db, seal }: { readonly db: Knex; readonly seal: Seal },
  { may }: { may(rule: string): boolean },
  attachments: readonly Attachment[],
): Promise<Secrets> {
  const ids = attachments.flatMap(({ encryptionKeyId }) => encryptionKeyId ?? []);
  const rows = ids.length > 0 && may('volume:encryption_keys') ? await keyRows.list(db, { id: ids }) : [];
  const keys = new Map(rows.map(({ id, sealedKey }) => [id, sealedKey]));
  const keyOf = ({ encryptionKeyId }: Attachment) => {
    const sealed = keys.get(encryptionKeyId ?? '');
    return sealed === undefined ? undefined : seal.open(sealed);
  };
  return { secretOf: secretOf(seal), keyOf };
}

/** Throws 404 for an attachment that the caller may not see. */
export const getAttachment = (db: Knex, caller: Caller, id: string): Promise<Attachment> =>
  attachmentRows.get(db, id, allowedBy(caller, 'volume:get'));

export const acquireAttachment = (tx: Knex, verb: keyof typeof attachmentTransitions, owned: Owned): Promise<boolean> =>
  acquire<Attachment>(tx, 'attachments', owned, attachmentTransitions[verb]);
