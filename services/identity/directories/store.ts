/** The ids of users and groups that directories keep, and what the directories call them. */
import type { Knex } from 'knex';

export interface Mapping {
  readonly publicId: string;
  readonly domainId: string;
  readonly kind: 'user' | 'group';
  readonly localId: string;
}

/** So many rows are asked for, or written, in one statement. */
const atOnce = 200;

export const findMapping = async (db: Knex, publicId: string): Promise<Mapping | undefined> =>
  db<Mapping>('id_mapping').where({ publicId }).first();

/** Safe to ask by several at once: the same thing has the same id. */
export async function ensureMappings(db: Knex, mappings: readonly Mapping[]): Promise<void> {
  for (let at = 0; at < mappings.length; at += atOnce) {
    const piece = mappings.slice(at, at + atOnce);
    const ids = piece.map(({ publicId }) => publicId);
    const known = new Set(await db<Mapping>('id_mapping').whereIn('publicId', ids).pluck('publicId'));
    const fresh = piece.filter(({ publicId }) => !known.has(publicId));
    if (fresh.length > 0) await db<Mapping>('id_mapping').insert(fresh).onConflict('publicId').ignore();
  }
}

export const hasMappings = async (db: Knex, domainId: string): Promise<boolean> =>
  (await db<Mapping>('id_mapping').where({ domainId }).first('publicId')) !== undefined;

/** The ids, for a statement that is about all of them. */
export const mappedIds = (db: Knex, domainId: string, kind: Mapping['kind']) =>
  db<Mapping>('id_mapping').where({ domainId, kind }).select('publicId');

export const removeMappings = (tx: Knex, domainId: string) => tx<Mapping>('id_mapping').where({ domainId }).delete();
