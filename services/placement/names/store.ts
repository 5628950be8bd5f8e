/** Names of resource classes, traits and aggregates: which exist (a **vocabulary**), and which a provider has. */
import type { Knex } from 'knex';

/** The standard names of an OpenStack library, and custom names in a table. */
export interface Vocabulary {
  isStandard(name: string): boolean;
  list(db: Knex): Promise<string[]>;
  unknown(db: Knex, names: readonly string[]): Promise<string[]>;
  /** Returns false when the name exists already. */
  ensure(db: Knex, name: string): Promise<boolean>;
  rename(db: Knex, from: string, to: string): Promise<number>;
  remove(db: Knex, name: string): Promise<number>;
}

export function vocabulary(table: string, order: string, standard: readonly string[]): Vocabulary {
  const known = new Set(standard);
  const unknown = async (db: Knex, names: readonly string[]) => {
    const custom = [...new Set(names)].filter((name) => !known.has(name));
    if (custom.length === 0) return [];
    const found = new Set(await db(table).whereIn('name', custom).pluck('name'));
    return custom.filter((name) => !found.has(name));
  };
  return {
    isStandard: (name) => known.has(name),
    list: async (db) => [...standard, ...(await db(table).orderBy(order).pluck('name'))],
    unknown,
    ensure: async (db, name) => {
      if ((await unknown(db, [name])).length === 0) return false;
      await db(table).insert({ name }).onConflict('name').ignore();
      return true;
    },
    rename: (db, from, to) => db(table).where({ name: from }).update({ name: to }),
    remove: (db, name) => db(table).where({ name }).delete(),
  };
}

/** What a provider must have and must not have. */
export interface SetQuery {
  /** At least one element of each list. */
  readonly anyOf: readonly (readonly string[])[];
  readonly none: readonly string[];
}

interface NamesFilter {
  readonly providers?: readonly string[] | Knex.QueryBuilder;
  readonly names?: readonly string[];
}

/** A table of the names that providers have. */
export interface ProviderNames {
  of(db: Knex, providerUuid: string): Promise<string[]>;
  byProvider(db: Knex, filter: NamesFilter): Promise<Map<string, string[]>>;
  /** Leaves the providers that match. */
  narrow(db: Knex, providers: Knex.QueryBuilder, query: SetQuery): void;
  /** The names that some provider has, all or among these. */
  used(db: Knex, names?: readonly string[]): Promise<string[]>;
  /** The uuids of providers with one of the names. */
  withAny(db: Knex, names: readonly string[]): Knex.QueryBuilder;
  replace(tx: Knex, providerUuid: string, names: readonly string[]): Promise<void>;
}

export function providerNames(table: string, column: string): ProviderNames {
  const withAny = (db: Knex, names: readonly string[]) => db(table).whereIn(column, names).select('providerUuid');
  const byProvider = async (db: Knex, { providers, names }: NamesFilter) => {
    const query = db(table).orderBy(column).select({ provider: 'providerUuid', name: column });
    if (providers) query.whereIn('providerUuid', providers as Knex.QueryBuilder);
    if (names) query.whereIn(column, names);
    const rows: { provider: string; name: string }[] = await query;
    const grouped = Map.groupBy(rows, ({ provider }) => provider);
    return new Map([...grouped].map(([provider, each]) => [provider, each.map(({ name }) => name)]));
  };
  return {
    of: async (db, uuid) => (await byProvider(db, { providers: [uuid] })).get(uuid) ?? [],
    byProvider,
    narrow: (db, providers, { anyOf, none }) => {
      for (const choice of anyOf) providers.whereIn('uuid', withAny(db, choice));
      if (none.length > 0) providers.whereNotIn('uuid', withAny(db, none));
    },
    used: (db, names) => {
      const query = db(table).distinct(column).pluck(column);
      return names ? query.whereIn(column, names) : query;
    },
    withAny,
    replace: async (tx, providerUuid, names) => {
      await tx(table).where({ providerUuid }).delete();
      const rows = [...new Set(names)].map((name) => ({ providerUuid, [column]: name }));
      if (rows.length > 0) await tx(table).insert(rows);
    },
  };
}
