import type { Knex } from 'knex';
import { rowsOf } from '#shared/db/json-columns.ts';
import { conflict, Fault } from '#shared/errors/fault.ts';
import { listPage, type PageRequest } from '../values.ts';

const noKeypair = (userId: string, name: string) =>
  new Fault(404, 'notFound', `Keypair ${name} not found for user ${userId}`);

export interface Keypair {
  readonly sequence: number;
  readonly userId: string;
  readonly name: string;
  readonly type: 'ssh' | 'x509';
  readonly fingerprint: string;
  readonly publicKey: string;
  readonly createdAt: number;
}

/** Must run in a transaction: counts and inserts, so that the quota is not exceeded. */
export async function insertKeypair(tx: Knex, keypair: Omit<Keypair, 'sequence'>, quota: number): Promise<void> {
  await checkQuota(tx, keypair, quota);
  await tx('keypairs').insert(keypair);
}

export async function checkQuota(
  tx: Knex,
  { userId, name }: Pick<Keypair, 'userId' | 'name'>,
  quota: number,
): Promise<void> {
  if (await tx('keypairs').where({ userId, name }).first('name')) throw conflict(`Key pair '${name}' already exists.`);
  const [row] = await tx('keypairs').where({ userId }).count({ count: '*' });
  if (quota >= 0 && Number(row?.count ?? 0) >= quota)
    throw new Fault(403, 'forbidden', 'Quota exceeded, too many key pairs.');
}

const rows = rowsOf<Keypair>();

export async function getKeypair(db: Knex, userId: string, name: string): Promise<Keypair> {
  const keypair = await rows.find(db('keypairs').where({ userId, name }));
  if (!keypair) throw noKeypair(userId, name);
  return keypair;
}

export const listKeypairs = (db: Knex, userId: string, page: Omit<PageRequest, 'sorts' | 'key'>): Promise<Keypair[]> =>
  listPage(rows.read, () => db('keypairs').where({ userId }), {
    ...page,
    key: 'name',
    sorts: [{ column: 'name', descending: false, notNull: true }],
  });

export async function removeKeypair(tx: Knex, userId: string, name: string): Promise<void> {
  if (!(await tx('keypairs').where({ userId, name }).delete())) throw noKeypair(userId, name);
}
