/** Credentials of users: EC2 keys, TOTP seeds, certificates. The blob is encrypted. */
import type { Knex } from 'knex';
import { recordsOf } from '../collection/store.ts';

export interface CredentialRow {
  /** For EC2 the SHA-256 of the access key. */
  readonly id: string;
  readonly userId: string;
  readonly projectId: string | null;
  readonly type: string;
  readonly sealedBlob: string;
  readonly keyId: string;
  readonly extra: Readonly<Record<string, unknown>>;
}

export const credentialRows = recordsOf<CredentialRow>({
  table: 'credentials',
  what: 'credential',
  json: ['extra'],
  filters: { user_id: 'userId', type: 'type' },
});

export const listSealedByOthers = (
  db: Knex,
  keyId: string,
): Promise<Pick<CredentialRow, 'id' | 'sealedBlob' | 'keyId'>[]> =>
  db('credentials').whereNot({ keyId }).select('id', 'sealedBlob', 'keyId').limit(500);
