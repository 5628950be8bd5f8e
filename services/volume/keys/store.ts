/**
 * The key manager: a key per encrypted volume, sealed in a row that is deleted with the volume's. Barbican's API would serve
 * the same four functions. All of them take part in the transaction of the volume's row.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import type { Seal } from '#shared/seal/seal.ts';
import { keyRows } from './resource.ts';

interface Owner {
  readonly projectId: string;
}

/** Returns the id of a new random key of `bits`. */
export const createKey = (tx: Knex, { seal }: Seal, { projectId, bits }: Owner & { readonly bits: number }) =>
  insertKey(tx, projectId, seal(randomBytes(bits / 8).toString('hex')));

/** Returns the id of a new key with the value of another one: of a volume whose data are a copy. */
export async function copyKey(tx: Knex, id: string, { projectId }: Owner): Promise<string> {
  const { sealedKey } = await keyRows.get(tx, id);
  return insertKey(tx, projectId, sealedKey);
}

/** The key in clear, in hexadecimal: the passphrase of the volume, as that of Nova and os-brick. */
export async function readKey(db: Knex, { open }: Seal, id: string): Promise<string> {
  const { sealedKey } = await keyRows.get(db, id);
  return open(sealedKey);
}

/** Whether one is a copy of the other, or both are of a third. */
export async function isSameKey(db: Knex, one: string, other: string): Promise<boolean> {
  const [{ sealedKey: first }, { sealedKey: second }] = [await keyRows.get(db, one), await keyRows.get(db, other)];
  return first === second;
}

export async function destroyKey(tx: Knex, id: string | null): Promise<void> {
  if (id !== null) await keyRows.remove(tx, { id });
}

async function insertKey(tx: Knex, projectId: string, sealedKey: string): Promise<string> {
  const id = randomUUID();
  await keyRows.insert(tx, { id, projectId, sealedKey, createdAt: Date.now() });
  return id;
}
