import type { Knex } from 'knex';

/** A host whose network agent has reported. */
export interface Host {
  /** Its name on the bus; work for it goes there. */
  readonly host: string;
  readonly hostId: string;
  readonly hostname: string;
  readonly tunnelAddress: string;
  readonly driver: 'linux' | 'user' | 'fake';
  readonly features: readonly string[];
  readonly firstSeenAt: number;
  readonly seenAt: number;
}

type Stored = Omit<Host, 'features'> & { readonly features: string };

const read = (row: Stored): Host => ({ ...row, features: JSON.parse(row.features) });

export const listHosts = async (db: Knex): Promise<Host[]> =>
  ((await db<Stored>('hosts').orderBy(['firstSeenAt', 'host'])) as Stored[]).map(read);

/** By whatever name compute or an operator knows it. */
export async function getHost(db: Knex, name: string): Promise<Host | undefined> {
  const row = (await db<Stored>('hosts')
    .where({ host: name })
    .orWhere({ hostname: name })
    .orWhere({ hostId: name })
    .first()) as Stored | undefined;
  return row && read(row);
}

export async function putHost(tx: Knex, host: Host): Promise<void> {
  const { host: name, firstSeenAt: _, ...seen } = { ...host, features: JSON.stringify(host.features) };
  const row = { ...host, features: JSON.stringify(host.features) };
  await tx<Stored>('hosts').insert(row).onConflict('host').merge(seen);
}

export const seenHost = (db: Knex, host: string) => db<Stored>('hosts').where({ host }).update({ seenAt: Date.now() });

export const removeHost = (tx: Knex, host: string) => tx<Stored>('hosts').where({ host }).delete();

/** Small things that this service remembers about itself: which host is the way out, what was seeded. */
export const getFact = async (db: Knex, name: string): Promise<string | undefined> =>
  (await db('facts').where({ name }).first('value'))?.value;

export async function putFact(tx: Knex, name: string, value: string): Promise<void> {
  await tx('facts').insert({ name, value }).onConflict('name').merge(['value']);
}

/** Who writes it first is right: gives what it is then. */
export async function keepFact(tx: Knex, name: string, value: string): Promise<string> {
  await tx('facts').insert({ name, value }).onConflict('name').ignore();
  return (await getFact(tx, name)) ?? value;
}
