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
  /** Its share of routers; 0 for none. */
  readonly gatewayWeight: number;
  /** The physical networks of which it has a NIC. */
  readonly physicalNetworks: readonly string[];
  /** Why it cannot do its work. */
  readonly unfit: readonly string[];
  /** False: an administrator has disabled it, and it gets no routers or DHCP servers. */
  readonly adminStateUp: boolean;
  readonly description: string | null;
  readonly firstSeenAt: number;
  readonly seenAt: number;
}

const lists = ['features', 'physicalNetworks', 'unfit'] as const;
type Lists = (typeof lists)[number];
type Stored = Omit<Host, Lists> & Readonly<Record<Lists, string>>;

const hostOf = (row: Stored): Host => ({
  ...row,
  features: JSON.parse(row.features),
  physicalNetworks: JSON.parse(row.physicalNetworks),
  unfit: JSON.parse(row.unfit),
  adminStateUp: Boolean(row.adminStateUp),
});

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

/** What an administrator has set stays. */
export async function upsertHost(tx: Knex, host: Host): Promise<void> {
  const row: Stored = {
    ...host,
    features: JSON.stringify(host.features),
    physicalNetworks: JSON.stringify(host.physicalNetworks),
    unfit: JSON.stringify(host.unfit),
  };
  const { host: name, firstSeenAt: _, adminStateUp: __, description: ___, ...seen } = row;
  await tx<Stored>('hosts').insert(row).onConflict('host').merge(seen);
}

export const updateSeenAt = (db: Knex, host: string) =>
  db<Stored>('hosts').where({ host }).update({ seenAt: Date.now() });

export const changeHost = (tx: Knex, host: string, change: Partial<Pick<Host, 'adminStateUp' | 'description'>>) =>
  tx<Stored>('hosts').where({ host }).update(change);

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
