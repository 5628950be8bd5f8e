/** Events over RabbitMQ: a quorum queue with publisher confirms. When nothing consumes them, the oldest are dropped. */
import type { ConfirmChannel } from 'amqplib';
import type { Log } from '#shared/log/log.ts';
import { type Bus, NoAnswer } from './bus.ts';
import { guardChannel, type Part } from './link.ts';

const name = 'wattle.notifications';
const kept = 100_000;
const confirmMs = 10_000;

export function openEvents(log: Log): Part & Pick<Bus, 'publish'> {
  let channel: ConfirmChannel | undefined;
  return {
    publish: async (topic, event) => {
      if (!channel) throw new NoAnswer('The event was not published: the broker is unreachable.');
      const confirmed = Promise.withResolvers<void>();
      const late = setTimeout(() => confirmed.reject(new NoAnswer('The broker did not confirm in time.')), confirmMs);
      const content = Buffer.from(JSON.stringify(event ?? null));
      const options = { persistent: true, contentType: 'application/json' };
      channel.publish(name, topic, content, options, (error) =>
        error
          ? confirmed.reject(new NoAnswer('The broker did not accept the event.', { cause: error }))
          : confirmed.resolve(),
      );
      await confirmed.promise.finally(() => clearTimeout(late));
    },
    up: async (connection) => {
      const fresh = guardChannel(connection, await connection.createConfirmChannel(), log);
      await fresh.assertExchange(name, 'topic', { durable: true });
      await fresh.assertQueue(name, {
        durable: true,
        arguments: { 'x-queue-type': 'quorum', 'x-max-length': kept, 'x-overflow': 'drop-head' },
      });
      await fresh.bindQueue(name, name, '#');
      channel = fresh;
    },
    down: () => {
      channel = undefined;
    },
  };
}
