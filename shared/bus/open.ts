import { type Log, silentLog } from '#shared/log/log.ts';
import type { Bus } from './bus.ts';
import { memoryBus } from './memory.ts';

/** `memory`, or `amqp://user:password@host:port`; `user` when it is the user of one role alone, which senders are known by. */
export async function openBus(url: string, log: Log = silentLog(), user?: string): Promise<Bus> {
  if (url === 'memory') return memoryBus();
  if (!/^amqps?:\/\//.test(url)) throw new Error('the bus is memory, or a URL that begins with amqp://');
  const { rabbitBus } = await import('./rabbit.ts'); // who has no broker loads no client
  return rabbitBus(url, log, user);
}
