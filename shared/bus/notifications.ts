/** Hints over RabbitMQ: each process has a queue of its own, bound to the addresses where it listens. */
import { createHash } from 'node:crypto';
import type { Channel } from 'amqplib';
import type { Log } from '#shared/log/log.ts';
import type { Bus } from './bus.ts';
import { guardChannel, type Part } from './link.ts';

type Notifications = Part & Pick<Bus, 'notify' | 'onNotify'>;

const exchange = 'wattle.hints';
const nothing = Buffer.alloc(0);
/** Who listens for a moment often listens there again: so long the queue stays bound. */
const lingerMs = 5_000;

/** An agent may not declare the exchange: it is there since its service or set-up made it. */
export function openNotifications(log: Log, declares = true): Notifications {
  const listeners = new Map<string, Set<{ readonly listener: () => void }>>();
  let channel: Channel | undefined;
  let queue = '';
  let full = false;

  const ring = (key: string) => {
    for (const { listener } of listeners.get(key) ?? []) quietly(log, listener);
  };
  /** The broker answers in order; what fails because the channel ended is done again when it is back. */
  const bind = (key: string) => void channel?.bindQueue(queue, exchange, key).catch(() => {});
  const unbind = (key: string) => {
    if (listeners.get(key)?.size) return;
    listeners.delete(key);
    channel?.unbindQueue(queue, exchange, key).catch(() => {});
  };

  return {
    notify: (address) => {
      if (!channel || full) return;
      quietly(log, () => {
        full = channel?.publish(exchange, keyOf(address), nothing) === false;
      });
    },
    onNotify: (address, listener) => {
      const key = keyOf(address);
      const there = listeners.get(key) ?? new Set();
      const entry = { listener };
      if (!listeners.has(key)) bind(key);
      listeners.set(key, there.add(entry));
      return () => {
        there.delete(entry);
        setTimeout(unbind, lingerMs, key).unref();
      };
    },
    up: async (connection) => {
      const fresh = guardChannel(connection, await connection.createChannel(), log);
      fresh.on('drain', () => {
        full = false;
      });
      if (declares) await fresh.assertExchange(exchange, 'direct', { durable: true });
      const asked = { exclusive: true, autoDelete: true, arguments: { 'x-max-length': 10_000 } };
      queue = (await fresh.assertQueue('', asked)).queue;
      await Promise.all([...listeners.keys()].map((key) => fresh.bindQueue(queue, exchange, key)));
      await fresh.consume(queue, (message) => message && ring(message.fields.routingKey), { noAck: true });
      const known = new Set(listeners.keys());
      [channel, full] = [fresh, false];
      await Promise.all([...listeners.keys()].filter((key) => !known.has(key)).map(bind));
      for (const key of listeners.keys()) ring(key); // some may have been lost
    },
    down: () => {
      channel = undefined;
    },
  };
}

/** The broker takes 255 bytes. */
const keyOf = (address: string) =>
  Buffer.byteLength(address) <= 255 ? address : createHash('sha256').update(address).digest('hex');

function quietly(log: Log, work: () => void): void {
  try {
    work();
  } catch (error) {
    log.warn({ error }, 'a hint was lost');
  }
}
