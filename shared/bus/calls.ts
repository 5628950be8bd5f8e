/** Calls over RabbitMQ: one queue per address, shared by all processes that serve it; replies come by direct reply-to. */
import { randomUUID } from 'node:crypto';
import type { Channel, ConsumeMessage } from 'amqplib';
import { Fault } from '#shared/errors/fault.ts';
import type { Log } from '#shared/log/log.ts';
import { type Bus, NoAnswer, noAnswerAt, noAnswerInTime, type Sender } from './bus.ts';
import { consumerOn, guardChannel, type Part } from './link.ts';

type Calls = Part & Pick<Bus, 'call' | 'onCall'>;
type Answer = (request: never, sender: Sender) => Promise<unknown>;
/** The message of a reply. Of an error other than a Fault only the text is sent. */
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
  const client = openClient(log, user);
  const server = openServer(log, user);
  return {
    call: client.call,
    onCall: server.onCall,
    up: async (connection) => {
      await server.up(connection);
      await client.up(connection);
    },
    down: () => {
      server.down();
      client.down();
    },
  };
}

/** Sends `user` with each call; the broker refuses a user that is not the connection's own. */
function openClient(log: Log, user: Sender): Part & Pick<Bus, 'call'> {
  const pending = new Map<string, PromiseWithResolvers<never> & { readonly address: string }>();
  let channel: Channel | undefined;

  const call = async (address: string, request: unknown, timeoutMs: number) => {
    if (!channel) throw new NoAnswer(`No answer from ${address}: the broker is unreachable.`);
    const correlationId = randomUUID();
    const reply = { ...Promise.withResolvers<never>(), address };
    const late = setTimeout(() => reply.reject(noAnswerInTime(address, timeoutMs)), timeoutMs);
    pending.set(correlationId, reply);
    try {
      const options = { mandatory: true, replyTo, correlationId, expiration: timeoutMs, ...(user && { userId: user }) };
      channel.publish('', queueOf(address), pack(request), options);
      return await reply.promise;
    } finally {
      clearTimeout(late);
      pending.delete(correlationId);
    }
  };
  const onReply = ({ properties, content }: ConsumeMessage) => {
    const waiting = pending.get(properties.correlationId);
    if (waiting) resolveReply(waiting, JSON.parse(content.toString()));
  };
  return {
    call: (address, request, { timeoutMs = 10_000 } = {}) => call(address, request, timeoutMs),
    up: async (connection) => {
      const fresh = guardChannel(connection, await connection.createChannel(), log);
      fresh.on('return', ({ properties }) => {
        const waiting = pending.get(properties.correlationId);
        waiting?.reject(noAnswerAt(waiting.address));
      });
      await fresh.consume(replyTo, consumerOn(fresh, onReply), { noAck: true });
      channel = fresh;
    },
    down: () => {
      channel = undefined;
      for (const { address, reject } of pending.values())
        reject(new NoAnswer(`No answer from ${address}: the connection to the broker ended.`));
    },
  };
}

function resolveReply({ resolve, reject }: PromiseWithResolvers<never>, reply: Reply): void {
  if ('answer' in reply) resolve(reply.answer as never);
  else if ('error' in reply) reject(new Error(reply.error));
  else reject(new Fault(reply.fault.status, reply.fault.kind, reply.fault.message, reply.fault));
}

/** Refuses a call without a verified sender where each role has its own user. */
function openServer(log: Log, user: Sender): Part & Pick<Bus, 'onCall'> {
  const answers = new Map<string, { readonly answer: Answer; readonly consumerTag: string }>();
  let channel: Channel | undefined;

  const respond = async (on: Channel, answer: Answer, { content, properties }: ConsumeMessage) => {
    const sender = properties.userId as Sender;
    const reply =
      user !== undefined && sender === undefined
        ? unsigned
        : await replyOf(() => answer(JSON.parse(content.toString()) as never, user && sender));
    if (on !== channel) return; // the call was rejected when the connection ended
    on.publish('', properties.replyTo, pack(reply), { correlationId: properties.correlationId });
  };
  const listen = async (on: Channel, address: string) => {
    const queue = queueOf(address);
    // A durable queue could not be declared again while the node of the cluster that had it is down.
    await on.assertQueue(queue, { durable: false, autoDelete: true });
    const served = answers.get(address);
    if (!served) return;
    const onRequest = (message: ConsumeMessage) => {
      respond(on, served.answer, message).catch((error) => log.warn({ address, error }, 'a reply could not be sent'));
    };
    await on.consume(queue, consumerOn(on, onRequest), { noAck: true, consumerTag: served.consumerTag });
  };

  return {
    onCall: (address, answer) => {
      const former = answers.get(address);
      const entry = { answer: answer as Answer, consumerTag: randomUUID() };
      answers.set(address, entry);
      if (former) channel?.cancel(former.consumerTag).catch(() => {});
      if (channel) listen(channel, address).catch(() => {}); // repeated with the next connection
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

const unsigned: Reply = { fault: { status: 403, kind: 'forbidden', message: 'The call has no verified sender.' } };

async function replyOf(answer: () => Promise<unknown>): Promise<Reply> {
  try {
    return { answer: (await answer()) ?? null };
  } catch (error) {
    if (!(error instanceof Fault)) return { error: error instanceof Error ? error.message : String(error) };
    const { status, kind, message, type, headers } = error;
    return { fault: { status, kind, message, ...(type && { type }), headers } };
  }
}
