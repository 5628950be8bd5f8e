import type { Knex } from 'knex';

/** What compute is still to be told about one of its servers. */
export interface ServerEvent {
  readonly sequence: number;
  readonly serverId: string;
  readonly name: 'network-vif-plugged' | 'network-vif-unplugged' | 'network-vif-deleted' | 'network-changed';
  /** The port; without meaning for network-changed of a whole server. */
  readonly tag: string;
  readonly status: 'completed' | 'failed';
  readonly createdAt: number;
}

type Fresh = Pick<ServerEvent, 'name' | 'status'>;

interface Device {
  readonly id: string;
  readonly deviceId: string;
  readonly deviceOwner: string;
  readonly bindingHost: string;
}

/** Call in the transaction that makes it true. Ports that are nowhere, and those of others than compute, tell nothing. */
export async function notifyCompute(tx: Knex, port: Device, { name, status }: Fresh): Promise<void> {
  if (port.bindingHost === '' || !port.deviceOwner.startsWith('compute:') || !/^[0-9a-f-]{36}$/.test(port.deviceId))
    return;
  const event = { serverId: port.deviceId, name, tag: port.id, status, createdAt: Date.now() };
  await tx<ServerEvent>('server_events').insert(event);
}

export const listEvents = (db: Knex, limit: number): Promise<ServerEvent[]> =>
  db<ServerEvent>('server_events')
    .orderBy('sequence')
    .limit(limit)
    .then((rows) => rows as ServerEvent[]);

export const removeEvents = (db: Knex, sequences: readonly number[]) =>
  db<ServerEvent>('server_events')
    .whereIn('sequence', [...sequences])
    .delete();
