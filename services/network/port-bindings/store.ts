/** The inactive bindings of ports. The active one is part of the row of the port. */
import type { Knex } from 'knex';
import { rowsOf } from '#shared/db/json-columns.ts';
import type { Port } from '../ports/resource.ts';

export interface InactiveBinding {
  readonly portId: string;
  readonly host: string;
  readonly vifType: Port['vifType'];
  readonly vnicType: string;
  readonly profile: object;
}

const { read, write } = rowsOf<InactiveBinding>('profile');

export const listInactive = async (db: Knex, portIds: readonly string[]): Promise<InactiveBinding[]> =>
  (
    await db('port_bindings')
      .whereIn('portId', [...portIds])
      .orderBy(['portId', 'host'])
  ).map(read);

export async function insertInactive(tx: Knex, binding: InactiveBinding): Promise<void> {
  await tx('port_bindings').insert(write(binding));
}

export const updateInactive = (tx: Knex, portId: string, host: string, change: Partial<InactiveBinding>) =>
  tx('port_bindings').where({ portId, host }).update(write(change));

export const deleteInactive = (tx: Knex, portId: string, host: string) =>
  tx('port_bindings').where({ portId, host }).delete();

export const deleteInactiveOf = (tx: Knex, portId: string) => tx('port_bindings').where({ portId }).delete();
