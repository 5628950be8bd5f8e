import type { Knex } from 'knex';
import type { Caller } from '#shared/auth/caller.ts';
import type { Seal } from '#shared/seal/seal.ts';
import { acquire, type Owned } from '#shared/states/owned.ts';
import { allowedBy } from '../listing/store.ts';
import { type Attachment, attachmentRows } from './resource.ts';
import { attachmentTransitions } from './states.ts';

/** The attachment's CHAP secret in clear. */
export const secretOf =
  ({ open }: Seal) =>
  ({ sealedSecret, chapSecret }: Attachment): string =>
    sealedSecret === null ? chapSecret : open(sealedSecret);

/** Throws 404 for an attachment that the caller may not see. */
export const getAttachment = (db: Knex, caller: Caller, id: string): Promise<Attachment> =>
  attachmentRows.get(db, id, allowedBy(caller, 'volume:get'));

export const acquireAttachment = (tx: Knex, verb: keyof typeof attachmentTransitions, owned: Owned): Promise<boolean> =>
  acquire<Attachment>(tx, 'attachments', owned, attachmentTransitions[verb]);
