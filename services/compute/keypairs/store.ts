import type { Knex } from 'knex';
import { conflict, Fault } from '#shared/errors/fault.ts';

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

export async function getKeypair(db: Knex, userId: string, name: string): Promise<Keypair> {
  const row = (await db<Keypair>('keypairs').where({ userId, name }).first()) as Keypair | undefined;
  if (!row) throw noKeypair(userId, name);
  return { ...row, createdAt: Number(row.createdAt) };
}

export async function listKeypairs(
  db: Knex,
  userId: string,
  page: { readonly limit: number; readonly marker?: string },
): Promise<Keypair[]> {
  const found = db<Keypair>('keypairs').where({ userId }).orderBy('name').limit(page.limit);
  if (page.marker !== undefined) {
    await getKeypair(db, userId, page.marker);
    found.where('name', '>', page.marker);
  }
  return (await found) as Keypair[];
}

export async function removeKeypair(tx: Knex, userId: string, name: string): Promise<void> {
  if (!(await tx('keypairs').where({ userId, name }).delete())) throw noKeypair(userId, name);
}
