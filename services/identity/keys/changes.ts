/** Lets requests wait for the next change of keys or revocations, so that services need not poll in short intervals. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Changes } from '../context.ts';

export function openChanges(): Changes {
  let next = Promise.withResolvers<void>();
  const ending = new AbortController();
  const notify = () => {
    next.resolve();
    next = Promise.withResolvers();
  };
  const subscribe = () => {
    const { promise } = next;
    return async (ms: number, aborted: AbortSignal) => {
      const elapsed = new AbortController();
      const signal = AbortSignal.any([aborted, elapsed.signal, ending.signal]);
      await Promise.race([promise, sleep(ms, undefined, { signal })]).catch(() => {});
      elapsed.abort();
    };
  };
  return { notify, subscribe, close: () => ending.abort() };
}
