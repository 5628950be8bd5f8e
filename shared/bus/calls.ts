/** Questions over RabbitMQ: a queue per address that all who answer there share, and the broker's direct reply-to. */
import { randomUUID } from 'node:crypto';
import type { Channel, ConsumeMessage } from 'amqplib';
import { Fault } from '#shared/errors/fault.ts';
import type { Log } from '#shared/log/log.ts';
import { type Bus, NoAnswer, noAnswerAt, noAnswerInTime, type Sender } from './bus.ts';
import { guardChannel, type Part } from './link.ts';

type Calls = Part & Pick<Bus, 'call' | 'onCall'>;
type Answer = (request: never, sender: Sender) => Promise<unknown>;
/** What travels back. Of an error other than a Fault only the words. */
type Reply =
  | { readonly answer: unknown }
  | {
      readonly fault: {
        status: number;
        kind: string;
        message: string;
        type?: string;
        headers?: Record<string, string>;
      };
    }
  | { readonly error: string };

const replyTo = 'amq.rabbitmq.reply-to';
const queueOf = (address: string) => `wattle.ask.${address}`;
const pack = (value: unknown) => Buffer.from(JSON.stringify(value ?? null));

export function openCalls(log: Log, user: Sender): Calls {
  const asker = openAsker(log, user);
  const answerer = openAnswerer(log, user);
  return {
    call: asker.call,
    onCall: answerer.onCall,
    up: async (connection) => {
      await answerer.up(connection);
      await asker.up(connection);
    },
    down: () => {
      answerer.down();
      asker.down();
    },
  };
}

/** `user` goes with each question; the broker refuses a user that is not the connection's own. */
function openAsker(log: Log, user: Sender): Part & Pick<Bus, 'call'> {
  const pending = new Map<string, PromiseWithResolvers<never> & { readonly address: string }>();
  let channel: Channel | undefined;

  const call = async (address: string, request: unknown, timeoutMs: number) => {
    if (!channel) throw new NoAnswer(`Nobody answers at ${address}: the broker is away.`);
    const correlationId = randomUUID();
    const asked = { ...Promise.withResolvers<never>(), address };
    const late = setTimeout(() => asked.reject(noAnswerInTime(address, timeoutMs)), timeoutMs);
    pending.set(correlationId, asked);
    try {
      const options = { mandatory: true, replyTo, correlationId, expiration: timeoutMs, ...(user && { userId: user }) };
      channel.publish('', queueOf(address), pack(request), options);
      return await asked.promise;
    } finally {
      clearTimeout(late);
      pending.delete(correlationId);
    }
  };
  const hear = (message: ConsumeMessage | null) => {
    const asked = pending.get(message?.properties.correlationId);
    if (message && asked) resolveReply(asked, JSON.parse(message.content.toString()));
  };
  return {
    call: (address, request, { timeoutMs = 10_000 } = {}) => call(address, request, timeoutMs),
    up: async (connection) => {
      const fresh = guardChannel(connection, await connection.createChannel(), log);
      fresh.on('return', ({ properties }) => {
        const asked = pending.get(properties.correlationId);
        asked?.reject(noAnswerAt(asked.address));
      });
      await fresh.consume(replyTo, hear, { noAck: true });
      channel = fresh;
    },
    down: () => {
      channel = undefined;
      for (const { address, reject } of pending.values())
        reject(new NoAnswer(`Nobody answered at ${address}: the broker went away.`));
    },
  };
}

function resolveReply({ resolve, reject }: PromiseWithResolvers<never>, reply: Reply): void {
  if ('answer' in reply) resolve(reply.answer as never);
  else if ('error' in reply) reject(new Error(reply.error));
  else reject(new Fault(reply.fault.status, reply.fault.kind, reply.fault.message, reply.fault));
}

/** Where each role has a user, a question without a verified sender is refused. */
function openAnswerer(log: Log, user: Sender): Part & Pick<Bus, 'onCall'> {
  const answers = new Map<string, { readonly answer: Answer; readonly consumerTag: string }>();
  let channel: Channel | undefined;

  const respond = async (on: Channel, answer: Answer, { content, properties }: ConsumeMessage) => {
    const sender = properties.userId as Sender;
    const reply =
      user !== undefined && sender === undefined
        ? unsigned
        : await replyOf(() => answer(JSON.parse(content.toString()) as never, user && sender));
    if (on !== channel) return; // the asker was told when the connection ended
    on.publish('', properties.replyTo, pack(reply), { correlationId: properties.correlationId });
  };
  const listen = async (on: Channel, address: string) => {
    const queue = queueOf(address);
    await on.assertQueue(queue, { durable: true, autoDelete: true });
    const there = answers.get(address);
    if (!there) return;
    const hear = (message: ConsumeMessage | null) => {
      if (!message) return;
      respond(on, there.answer, message).catch((error) => log.warn({ address, error }, 'an answer was lost'));
    };
    await on.consume(queue, hear, { noAck: true, consumerTag: there.consumerTag });
  };

  return {
    onCall: (address, answer) => {
      const former = answers.get(address);
      const entry = { answer: answer as Answer, consumerTag: randomUUID() };
      answers.set(address, entry);
      if (former) channel?.cancel(former.consumerTag).catch(() => {});
      if (channel) listen(channel, address).catch(() => {}); // done again with the next connection
      return () => {
        if (answers.get(address) === entry) answers.delete(address);
        channel?.cancel(entry.consumerTag).catch(() => {});
      };
    },
    up: async (connection) => {
      const fresh = guardChannel(connection, await connection.createChannel(), log);
      channel = fresh;
      await Promise.all([...answers.keys()].map((address) => listen(fresh, address)));
    },
    down: () => {
      channel = undefined;
    },
  };
}

const unsigned: Reply = { fault: { status: 403, kind: 'forbidden', message: 'The question names no sender.' } };

async function replyOf(answer: () => Promise<unknown>): Promise<Reply> {
  try {
    return { answer: (await answer()) ?? null };
  } catch (error) {
    if (!(error instanceof Fault)) return { error: error instanceof Error ? error.message : String(error) };
    const { status, kind, message, type, headers } = error;
    return { fault: { status, kind, message, ...(type && { type }), headers } };
  }
}
