import { within } from '#shared/clock/within.ts';
import type { Bus } from './bus.ts';

/**
 * Reads at once, after each notification of the address, and at least every `ms`, since notifications get lost. Returns the
 * first that `read` finds. Throws when the signal aborts.
 */
export async function waitFor<T extends object>(
  bus: Pick<Bus, 'onNotify'>,
  address: string,
  ms: number,
  read: () => Promise<T | undefined>,
  signal?: AbortSignal,
): Promise<T> {
  for (;;) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const off = bus.onNotify(address, resolve); // before the read: what ends meanwhile is not missed
    const wake = () => resolve();
    signal?.addEventListener('abort', wake);
    try {
      const found = await read();
      if (found) return found;
      if (!signal?.aborted) await within(ms, promise);
      signal?.throwIfAborted();
    } finally {
      off();
      signal?.removeEventListener('abort', wake);
    }
  }
}
