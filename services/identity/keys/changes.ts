/** Lets services wait for the next change of keys or revocations, so that they need not ask again and again. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Changes } from '../context.ts';

export function openChanges(): Changes {
  let next = Promise.withResolvers<void>();
  const ending = new AbortController();
  const report = () => {
    next.resolve();
    next = Promise.withResolvers();
  };
  const listen = () => {
    const { promise } = next;
    return async (ms: number, gone: AbortSignal) => {
      const told = new AbortController();
      const signal = AbortSignal.any([gone, told.signal, ending.signal]);
      await Promise.race([promise, sleep(ms, undefined, { signal })]).catch(() => {});
      told.abort();
    };
  };
  return { report, listen, close: () => ending.abort() };
}
