import { every, type Ticker } from '#shared/clock/every.ts';
import { openSweep } from './bytes/sweep.ts';
import type { Images } from './context.ts';

/** Clock entry point. The first sweep runs at start and cleans up after a crash. */
export function openTimers(images: Images): Ticker[] {
  const sweeper = every(images.config.sweepMs, openSweep(images), (error) => {
    images.log.warn({ error }, 'the sweep of images failed, it is retried');
  });
  sweeper.wake();
  return [sweeper];
}
