import { AsyncLocalStorage } from 'node:async_hooks';
import { Fault } from '#shared/errors/fault.ts';

export type Semaphore = <T>(work: () => Promise<T>) => Promise<T>;

const caller = new AsyncLocalStorage<string>();

/** What `work` asks of a fairSemaphore waits in the line of this address. */
export const withQueueAddress = <T>(address: string, work: () => Promise<T>): Promise<T> => caller.run(address, work);

/**
 * So many at once, so many in line, half of them of one address; who comes then is told to come later. Addresses take
 * turns: who sends a hundred waits for himself.
 */
export function fairSemaphore(places: number, line: number): Semaphore {
  const lines = new Map<string, (() => void)[]>();
  let [inside, waiting] = [0, 0];
  const issueFederatedToken = async (address: string) => {
    const own = lines.get(address) ?? [];
    if (waiting >= line || (address !== '' && own.length >= Math.ceil(line / 2))) throw tooMany();
    waiting += 1;
    await new Promise<void>((resolve) => {
      own.push(resolve);
      lines.set(address, own);
    });
  };
  const callNext = () => {
    const [next] = lines;
    if (!next) return;
    const [address, own] = next;
    const go = own.shift();
    waiting -= 1;
    lines.delete(address);
    if (own.length > 0) lines.set(address, own); // behind the other addresses
    go?.();
  };
  return async (work) => {
    if (inside >= places) await issueFederatedToken(caller.getStore() ?? '');
    inside += 1;
    try {
      return await work();
    } finally {
      inside -= 1;
      callNext();
    }
  };
}

const tooMany = () =>
  new Fault(503, 'serviceUnavailable', 'Too many passwords are being checked: try again in a second.', {
    headers: { 'retry-after': '1' },
  });
