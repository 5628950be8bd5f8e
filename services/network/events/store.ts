import type { Knex } from 'knex';

/** An event about one of compute's servers that is still to be sent. */
export interface ServerEvent {
  readonly sequence: number;
  readonly serverId: string;
  readonly name: 'network-vif-plugged' | 'network-vif-unplugged' | 'network-vif-deleted' | 'network-changed';
  /** The id of the port; unused by network-changed of a whole server. */
  readonly tag: string;
  readonly status: 'completed' | 'failed';
  readonly createdAt: number;
}

type NewEvent = Pick<ServerEvent, 'name' | 'status'>;

interface Device {
  readonly id: string;
  readonly deviceId: string;
  readonly deviceOwner: string;
  readonly bindingHost: string;
}

/** Queues an event in the caller's transaction. Does nothing for an unbound port, or one that is not of a server. */
export async function notifyCompute(tx: Knex, port: Device, { name, status }: NewEvent): Promise<void> {
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

export const deleteEvents = (db: Knex, sequences: readonly number[]) =>
  db<ServerEvent>('server_events')
    .whereIn('sequence', [...sequences])
    .delete();
