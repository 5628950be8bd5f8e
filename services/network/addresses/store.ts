import type { Knex } from 'knex';

/** An address of a port. The primary key ensures that an address has one port. */
export interface Address {
  readonly subnetId: string;
  readonly address: string;
  readonly portId: string;
  readonly networkId: string;
  /** Orders the addresses of a port. */
  readonly position: number;
}

export const insertAddresses = async (tx: Knex, rows: readonly Address[]): Promise<void> => {
  if (rows.length > 0) await tx<Address>('addresses').insert([...rows]);
};

export const deleteAddresses = (tx: Knex, portId: string) => tx<Address>('addresses').where({ portId }).delete();

export const listAddresses = (db: Knex, portIds: readonly string[]): Promise<Address[]> =>
  portIds.length === 0
    ? Promise.resolve([])
    : db<Address>('addresses')
        .whereIn('portId', [...portIds])
        .orderBy('position')
        .then((rows) => rows as Address[]);

export async function findTaken(db: Knex, subnetId: string, addresses: readonly string[]): Promise<Set<string>> {
  const rows = await db<Address>('addresses')
    .where({ subnetId })
    .whereIn('address', [...addresses])
    .select('address');
  return new Set(rows.map(({ address }) => address));
}

export async function listTaken(db: Knex, subnetId: string): Promise<Set<string>> {
  const rows = await db<Address>('addresses').where({ subnetId }).select('address');
  return new Set(rows.map(({ address }) => address));
}

/** The id of the port with an address on a network; undefined when there is none. */
export const findPortByAddress = async (db: Knex, networkId: string, address: string): Promise<string | undefined> =>
  (await db<Address>('addresses').where({ networkId, address }).first('portId'))?.portId;

export async function countTaken(db: Knex, subnetIds: readonly string[]): Promise<Map<string, number>> {
  const rows = await db<Address>('addresses')
    .whereIn('subnetId', [...subnetIds])
    .groupBy('subnetId')
    .select('subnetId')
    .count({ taken: '*' });
  return new Map(rows.map((row) => [String(row.subnetId), Number(row.taken)]));
}

export const listAddressesOfSubnet = (db: Knex, subnetId: string): Promise<Address[]> =>
  db<Address>('addresses')
    .where({ subnetId })
    .then((rows) => rows as Address[]);
