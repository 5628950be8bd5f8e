import { Fault } from '#shared/errors/fault.ts';

export type Turnstile = <T>(work: () => Promise<T>) => Promise<T>;

/** So many at once, so many in line; who comes then is told to come later. */
export function turnstile(places: number, line: number): Turnstile {
  const waiting: (() => void)[] = [];
  let inside = 0;
  return async (work) => {
    if (inside >= places) {
      if (waiting.length >= line)
        throw new Fault(503, 'serviceUnavailable', 'Too many passwords are being checked: try again in a second.', {
          headers: { 'retry-after': '1' },
        });
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
    inside += 1;
    try {
      return await work();
    } finally {
      inside -= 1;
      waiting.shift()?.();
    }
  };
}
