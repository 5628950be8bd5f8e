import { AsyncLocalStorage } from 'node:async_hooks';
import { Fault } from '#shared/errors/fault.ts';

export type Semaphore = <T>(work: () => Promise<T>) => Promise<T>;

const queueAddress = new AsyncLocalStorage<string>();

/** Work that `work` submits to a semaphore is queued under this address. */
export const withQueueAddress = <T>(address: string, work: () => Promise<T>): Promise<T> =>
  queueAddress.run(address, work);

/**
 * A semaphore with one queue per address, served in rotation: at most `permits` run, at most `maxWaiting` wait, half
 * of them from one address. Throws 503 beyond that.
 */
export function fairSemaphore(permits: number, maxWaiting: number): Semaphore {
  const queues = new Map<string, (() => void)[]>();
  let [running, waiting] = [0, 0];
  const issueFederatedToken = async (address: string) => {
    const queue = queues.get(address) ?? [];
    if (waiting >= maxWaiting || (address !== '' && queue.length >= Math.ceil(maxWaiting / 2))) throw overloaded();
    waiting += 1;
    await new Promise<void>((resolve) => {
      queue.push(resolve);
      queues.set(address, queue);
    });
  };
  const startNext = () => {
    const [next] = queues;
    if (!next) return;
    const [address, queue] = next;
    const resume = queue.shift();
    waiting -= 1;
    queues.delete(address);
    if (queue.length > 0) queues.set(address, queue); // now last in the rotation
    resume?.();
  };
  return async (work) => {
    if (running >= permits) await issueFederatedToken(queueAddress.getStore() ?? '');
    running += 1;
    try {
      return await work();
    } finally {
      running -= 1;
      startNext();
    }
  };
}

const overloaded = () =>
  new Fault(503, 'serviceUnavailable', 'Too many passwords are being checked: try again in a second.', {
    headers: { 'retry-after': '1' },
  });
