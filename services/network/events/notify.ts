/** Tells compute what became of its servers' ports, in order, until it has heard. */
import type { ComputeClient } from '#shared/clients/compute.ts';
import { every } from '#shared/clock/every.ts';
import { Fault } from '#shared/errors/fault.ts';
import { eventsWait, type Network } from '../context.ts';
import { listEvents, removeEvents, type ServerEvent } from './store.ts';

/** News of an hour ago helps nobody: compute looks for itself by then. */
const staleMs = 60 * 60_000;
const atOnce = 100;

export function openTelling(network: Network, compute: ComputeClient): { close(): Promise<void> } {
  const { db, bus, log, config } = network;
  const look = async () => {
    for (;;) {
      const events = await listEvents(db, atOnce);
      if (events.length === 0) return;
      const changes = events.filter(({ createdAt }) => Date.now() - Number(createdAt) < staleMs);
      if (changes.length > 0) await compute.sendEvents(changes.map(externalEvent)).catch(contentWhenRefused);
      await removeEvents(
        db,
        events.map(({ sequence }) => sequence),
      );
    }
  };
  /** Compute knows none of these servers: they are gone, and so is the news. */
  const contentWhenRefused = (error: unknown) => {
    if (!(error instanceof Fault)) throw error;
    if (error.status === 404) return;
    log.warn({ error }, 'compute does not want to know');
  };
  const telling = every(config.pollMs, look, (error) => log.warn({ error }, 'compute is told again'));
  const off = bus.onNotify(eventsWait, telling.wake);
  telling.wake();
  const close = () => {
    off();
    return telling.close();
  };
  return { close };
}

const externalEvent = ({ name, serverId, tag, status }: ServerEvent) =>
  name === 'network-changed' ? { name, server_uuid: serverId, tag } : { name, server_uuid: serverId, tag, status };
