/** Sends events about servers' ports to compute, in order, with retries. */
import type { ComputeClient } from '#shared/clients/compute.ts';
import { every } from '#shared/clock/every.ts';
import { Fault } from '#shared/errors/fault.ts';
import { eventsChanged, type Network } from '../context.ts';
import { deleteEvents, listEvents, type ServerEvent } from './store.ts';

/** Older events are dropped: compute has polled the ports since. */
const staleMs = 60 * 60_000;
const batchSize = 100;

export function openEventSender(
  network: Network,
  compute: Pick<ComputeClient, 'sendEvents'>,
): { close(): Promise<void> } {
  const { db, bus, log, config } = network;
  const sendPending = async () => {
    for (;;) {
      const events = await listEvents(db, batchSize);
      if (events.length === 0) return;
      const current = events.filter(({ createdAt }) => Date.now() - Number(createdAt) < staleMs);
      if (current.length > 0) await compute.sendEvents(current.map(externalEvent)).catch(ignoreUnknownServers);
      await deleteEvents(
        db,
        events.map(({ sequence }) => sequence),
      );
    }
  };
  /** Compute answers 404 when it has none of these servers; then the events are obsolete. */
  const ignoreUnknownServers = (error: unknown) => {
    if (!(error instanceof Fault)) throw error;
    if (error.status === 404) return;
    log.warn({ error }, 'compute refused events; they are dropped');
  };
  const sender = every(config.pollMs, sendPending, (error) =>
    log.warn({ error }, 'events could not be sent to compute; trying again'),
  );
  const off = bus.onNotify(eventsChanged, sender.wake);
  sender.wake();
  const close = () => {
    off();
    return sender.close();
  };
  return { close };
}

const externalEvent = ({ name, serverId, tag, status }: ServerEvent) =>
  name === 'network-changed' ? { name, server_uuid: serverId, tag } : { name, server_uuid: serverId, tag, status };
