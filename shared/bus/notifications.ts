/** Notifications over RabbitMQ: each process has one queue, bound to the addresses it listens to. */
import { createHash } from 'node:crypto';
import type { Channel } from 'amqplib';
import type { Log } from '#shared/log/log.ts';
import type { Bus } from './bus.ts';
import { consumerOn, guardChannel, type Part } from './link.ts';

type Notifications = Part & Pick<Bus, 'notify' | 'onNotify'>;

const exchange = 'wattle.hints';
const nothing = Buffer.alloc(0);
/** A binding is kept this long after its last listener, since short-lived listeners often come back to an address. */
const lingerMs = 5_000;

/** An agent has no right to declare the exchange; its service or the set-up does (`declares`). */
export function openNotifications(log: Log, declares = true): Notifications {
  const listeners = new Map<string, Set<{ readonly listener: () => void }>>();
  let channel: Channel | undefined;
  let queue = '';
  let full = false;

  const wake = (key: string) => {
    for (const { listener } of listeners.get(key) ?? []) quietly(log, listener);
  };
  /** Not awaited: the broker works in order, and `up` repeats what fails because the channel has ended. */
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
      const entries = listeners.get(key) ?? new Set();
      const entry = { listener };
      if (!listeners.has(key)) bind(key);
      listeners.set(key, entries.add(entry));
      return () => {
        entries.delete(entry);
        setTimeout(unbind, lingerMs, key).unref();
      };
    },
    up: async (connection) => {
      const fresh = guardChannel(connection, await connection.createChannel(), log);
      fresh.on('drain', () => {
        full = false;
      });
      if (declares) await fresh.assertExchange(exchange, 'direct', { durable: true });
      const options = { exclusive: true, autoDelete: true, arguments: { 'x-max-length': 10_000 } };
      queue = (await fresh.assertQueue('', options)).queue;
      await Promise.all([...listeners.keys()].map((key) => fresh.bindQueue(queue, exchange, key)));
      await fresh.consume(
        queue,
        consumerOn(fresh, ({ fields }) => wake(fields.routingKey)),
        { noAck: true },
      );
      const known = new Set(listeners.keys());
      [channel, full] = [fresh, false];
      await Promise.all([...listeners.keys()].filter((key) => !known.has(key)).map(bind));
      for (const key of listeners.keys()) wake(key); // notifications may have been lost meanwhile
    },
    down: () => {
      channel = undefined;
    },
  };
}

/** A routing key has at most 255 bytes. */
const keyOf = (address: string) =>
  Buffer.byteLength(address) <= 255 ? address : createHash('sha256').update(address).digest('hex');

function quietly(log: Log, work: () => void): void {
  try {
    work();
  } catch (error) {
    log.warn({ error }, 'a notification was lost');
  }
}
