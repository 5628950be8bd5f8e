import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { badRequest } from '#shared/errors/fault.ts';
import type { Identity } from '../context.ts';
import { newId } from '../resources/store.ts';
import { type CredentialRow, credential } from './resource.ts';
import { listSealedByOthers } from './store.ts';

export interface Credential extends Omit<CredentialRow, 'sealedBlob' | 'keyId'> {
  readonly blob: string;
}

export function opened({ sealer }: Pick<Identity, 'sealer'>, { sealedBlob, keyId, ...row }: CredentialRow): Credential {
  return { ...row, blob: sealer.open(sealedBlob, keyId) };
}

export function sealedRow({ sealer }: Pick<Identity, 'sealer'>, { blob, ...row }: Credential): CredentialRow {
  const { sealed, keyId } = sealer.seal(blob);
  return { ...row, sealedBlob: sealed, keyId };
}

/** The blob of a body as it is stored. */
export const blobOf = (blob: unknown): string => (typeof blob === 'string' ? blob : JSON.stringify(blob));

/** The id of an EC2 credential is the hash of its access key, as in Keystone; other credentials have a random one. */
export const credentialId = (type: string, blob: string): string => {
  if (type !== 'ec2') return newId();
  const { access } = ec2Blob(blob);
  if (typeof access !== 'string') throw badRequest('An EC2 credential needs the keys access and secret.');
  return idOfAccess(access);
};

export const idOfAccess = (access: string): string => createHash('sha256').update(access).digest('hex');

export interface Ec2Blob {
  readonly access?: string;
  readonly secret?: string;
  readonly trust_id?: string | null;
  readonly app_cred_id?: string | null;
  readonly access_token_id?: string | null;
}

export function ec2Blob(blob: string): Ec2Blob {
  try {
    const parsed: unknown = JSON.parse(blob);
    if (parsed !== null && typeof parsed === 'object') return parsed as Ec2Blob;
  } catch {
    // answered below
  }
  throw badRequest('The blob of an EC2 credential is a JSON object.');
}

/**
 * Encrypts all credentials of older keys with the newest key; resolves with their number. Can be interrupted and
 * repeated.
 */
export async function resealAll(db: Knex, sealer: Identity['sealer']): Promise<number> {
  let count = 0;
  for (;;) {
    const rows = await listSealedByOthers(db, sealer.newest);
    if (rows.length === 0) return count;
    for (const { id, sealedBlob, keyId } of rows) {
      const { sealed, keyId: newest } = sealer.seal(sealer.open(sealedBlob, keyId));
      await credential.rows.update(db, id, { sealedBlob: sealed, keyId: newest });
      count += 1;
    }
  }
}
