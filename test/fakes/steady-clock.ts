/** Sets the clocks of this process apart: the monotonic one, by which durations are measured, and the wall clock. */
import type { TestContext } from 'node:test';

/** The monotonic clock stands still, and goes on when told. */
export function steadyClock(t: Pick<TestContext, 'mock'>): { tick(ms: number): void } {
  let now = performance.now();
  t.mock.method(performance, 'now', () => now);
  return {
    tick: (ms) => {
      now += ms;
    },
  };
}

/** The wall clock, which somebody can set. */
export function wallClock(t: Pick<TestContext, 'mock'>): { step(ms: number): void } {
  const real = Date.now;
  let offset = 0;
  t.mock.method(Date, 'now', () => real() + offset);
  return {
    step: (ms) => {
      offset += ms;
    },
  };
}
