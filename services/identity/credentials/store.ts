import type { Knex } from 'knex';
import type { CredentialRow } from './resource.ts';

export const listSealedByOthers = (
  db: Knex,
  keyId: string,
): Promise<Pick<CredentialRow, 'id' | 'sealedBlob' | 'keyId'>[]> =>
  db('credentials').whereNot({ keyId }).select('id', 'sealedBlob', 'keyId').limit(500);
