import type { Knex } from 'knex';
import type { Mark } from '#shared/hosts/presence.ts';

/** A host whose network agent has reported. */
export interface Host {
  /** Its name on the bus; work for it goes there. */
  readonly host: string;
  readonly hostId: string;
  readonly hostname: string;
  readonly tunnelAddress: string;
  readonly driver: 'linux' | 'user' | 'fake';
  readonly features: readonly string[];
  readonly availabilityZone: string;
  readonly firstSeenAt: number;
  readonly seenAt: number;
}

type Stored = Omit<Host, 'features'> & { readonly features: string };

const hostOf = (row: Stored): Host => ({ ...row, features: JSON.parse(row.features) });

export const listHosts = async (db: Knex): Promise<Host[]> =>
  ((await db<Stored>('hosts').orderBy(['firstSeenAt', 'host'])) as Stored[]).map(hostOf);

export const listMarks = (db: Knex): Promise<Mark[]> => db('hosts').select({ host: 'host', reportedAt: 'seenAt' });

/** Finds a host by its bus name, hostname or id. */
export async function findHost(db: Knex, name: string): Promise<Host | undefined> {
  const row = (await db<Stored>('hosts')
    .where({ host: name })
    .orWhere({ hostname: name })
    .orWhere({ hostId: name })
    .first()) as Stored | undefined;
  return row && hostOf(row);
}

export async function upsertHost(tx: Knex, host: Host): Promise<void> {
  const { host: name, firstSeenAt: _, ...seen } = { ...host, features: JSON.stringify(host.features) };
  const row = { ...host, features: JSON.stringify(host.features) };
  await tx<Stored>('hosts').insert(row).onConflict('host').merge(seen);
}

export const updateSeenAt = (db: Knex, host: string) =>
  db<Stored>('hosts').where({ host }).update({ seenAt: Date.now() });

export const deleteHost = (tx: Knex, host: string) => tx<Stored>('hosts').where({ host }).delete();

/** Facts that this service stores about itself: the gateway host, what was seeded. */
export const findFact = async (db: Knex, name: string): Promise<string | undefined> =>
  (await db('facts').where({ name }).first('value'))?.value;

export async function upsertFact(tx: Knex, name: string, value: string): Promise<void> {
  await tx('facts').insert({ name, value }).onConflict('name').merge(['value']);
}

/** Writes the fact unless it exists, and returns its value. */
export async function ensureFact(tx: Knex, name: string, value: string): Promise<string> {
  await tx('facts').insert({ name, value }).onConflict('name').ignore();
  return (await findFact(tx, name)) ?? value;
}
