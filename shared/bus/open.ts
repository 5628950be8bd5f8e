import { type Log, silentLog } from '#shared/log/log.ts';
import type { Bus } from './bus.ts';
import { memoryBus } from './memory.ts';

/**
 * Opens the bus of a URL: `memory`, or `amqp://user:password@host:port`. `user` is given where each role has a broker
 * user of its own, so that calls have a verified sender.
 */
export async function openBus(url: string, log: Log = silentLog(), user?: string): Promise<Bus> {
  if (url === 'memory') return memoryBus();
  if (!/^amqps?:\/\//.test(url)) throw new Error('the bus is memory, or a URL that begins with amqp://');
  const { rabbitBus } = await import('./rabbit.ts'); // amqplib is loaded only where it is used
  return rabbitBus(url, log, user);
}
