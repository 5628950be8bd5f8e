/** Public ids of LDAP users and groups, with their local ids in the directory. */
import type { Knex } from 'knex';

export interface Mapping {
  readonly publicId: string;
  readonly domainId: string;
  readonly kind: 'user' | 'group';
  readonly localId: string;
}

/** Rows per statement. */
const chunkSize = 200;

export const findMapping = async (db: Knex, publicId: string): Promise<Mapping | undefined> =>
  db<Mapping>('id_mapping').where({ publicId }).first();

/** Idempotent and safe to call concurrently: the same entry has the same id. */
export async function ensureMappings(db: Knex, mappings: readonly Mapping[]): Promise<void> {
  for (let at = 0; at < mappings.length; at += chunkSize) {
    const chunk = mappings.slice(at, at + chunkSize);
    const ids = chunk.map(({ publicId }) => publicId);
    const known = new Set(await db<Mapping>('id_mapping').whereIn('publicId', ids).pluck('publicId'));
    const fresh = chunk.filter(({ publicId }) => !known.has(publicId));
    if (fresh.length > 0) await db<Mapping>('id_mapping').insert(fresh).onConflict('publicId').ignore();
  }
}

export const hasMappings = async (db: Knex, domainId: string): Promise<boolean> =>
  (await db<Mapping>('id_mapping').where({ domainId }).first('publicId')) !== undefined;

/** A subquery of all public ids of a domain. */
export const mappedIds = (db: Knex, domainId: string, kind: Mapping['kind']) =>
  db<Mapping>('id_mapping').where({ domainId, kind }).select('publicId');

export const removeMappings = (tx: Knex, domainId: string) => tx<Mapping>('id_mapping').where({ domainId }).delete();
