import { every, type Ticker } from '#shared/clock/every.ts';
import { sweep } from './bytes/sweep.ts';
import type { Images } from './context.ts';

/** What this service does by the clock. The first look is at the morning after. */
export function openTimers(images: Images): Ticker[] {
  const sweeping = every(
    images.config.sweepMs,
    () => sweep(images),
    (error) => {
      images.log.warn({ error }, 'the sweep of images failed, it is tried again');
    },
  );
  sweeping.wake();
  return [sweeping];
}
