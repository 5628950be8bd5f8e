import type { Knex } from 'knex';
import type { Owned } from '#shared/states/owned.ts';

/** The properties of a port that its server needs, copied so that the network service need not be called. */
export interface PortCopy {
  readonly mac: string;
  readonly mtu: number;
  /** The bridge of the network agent; null for user-mode networking. */
  readonly bridge: string | null;
  readonly tap: string;
  /** The name of its network. */
  readonly label: string;
  readonly state: string;
  readonly fixedIps: readonly { readonly address: string; readonly subnetId: string }[];
  readonly floating: readonly { readonly fixed: string; readonly address: string }[];
  readonly groups: readonly { readonly id: string; readonly name: string }[];
  readonly subnets: readonly SubnetCopy[];
}

/** For the guest's network_data.json. */
export interface SubnetCopy {
  readonly id: string;
  readonly cidr: string;
  readonly version: 4 | 6;
  readonly gateway: string | null;
  readonly dhcp: boolean;
  readonly dns: readonly string[];
  readonly routes: readonly { readonly destination: string; readonly nexthop: string }[];
}

/** A NIC of a server: a port, or the request for one. */
export interface Interface extends Owned {
  readonly serverId: string;
  /** Its number among the NICs of the server, also in the port's binding:profile. */
  readonly place: number;
  readonly state: 'attaching' | 'attached' | 'detaching';
  readonly networkId: string;
  /** Null before the port is created. */
  readonly portId: string | null;
  /** The port was created for this server and is removed with it. */
  readonly ownPort: boolean;
  /** The requested address. */
  readonly fixedIp: string | null;
  readonly tag: string | null;
  readonly port: PortCopy | null;
  readonly createdAt: number;
}

type Change = Partial<Omit<Interface, 'id' | 'serverId'>>;

const toRow = (change: Change): Record<string, unknown> =>
  change.port ? { ...change, port: JSON.stringify(change.port) } : { ...change };
const fromRow = (row: Record<string, unknown>): Interface =>
  ({ ...row, port: JSON.parse((row.port as string | null) ?? 'null') }) as unknown as Interface;

export const insertInterface = async (tx: Knex, nic: Interface): Promise<void> => {
  await tx('interfaces').insert({ ...toRow(nic) });
};

export const listInterfaces = async (db: Knex, serverId: string): Promise<Interface[]> =>
  ((await db('interfaces').where({ serverId }).orderBy('place')) as Record<string, unknown>[]).map(fromRow);

export async function findInterface(db: Knex, id: string): Promise<Interface | undefined> {
  const row: unknown = await db('interfaces').where({ id }).first();
  return row ? fromRow(row as Record<string, unknown>) : undefined;
}

export async function findByPort(db: Knex, serverId: string, portId: string): Promise<Interface | undefined> {
  const row: unknown = await db('interfaces').where({ serverId, portId }).first();
  return row ? fromRow(row as Record<string, unknown>) : undefined;
}

export const changeInterface = async (tx: Knex, id: string, change: Change): Promise<void> => {
  await tx('interfaces').where({ id }).update(toRow(change));
};

/** False when it does not exist, is not attached, or another task owns it. */
export const acquireInterface = async (tx: Knex, { id, taskId }: Owned): Promise<boolean> =>
  (await tx('interfaces').where({ id, taskId: null, state: 'attached' }).update({ taskId, state: 'detaching' })) > 0;

export const releaseInterface = async (tx: Knex, { id, taskId }: Owned, change: Change): Promise<void> => {
  await tx('interfaces')
    .where({ id, taskId })
    .update(toRow({ ...change, taskId: null }));
};

export const removeInterface = async (tx: Knex, id: string): Promise<void> => {
  await tx('interfaces').where({ id }).delete();
};
export const removeInterfacesOf = async (tx: Knex, serverId: string): Promise<void> => {
  await tx('interfaces').where({ serverId }).delete();
};
