/** Detects steps of the wall clock, by comparing it with the monotonic clock. */

/** NTP adjusts a clock slowly: by less than this between two calls. */
const toleratedMs = 2_000;
const offset = () => Date.now() - performance.now();

let kept = offset();
let steppedAt = 0;

/** Returns when the wall clock was last set, in its new time (ms since 1970); 0 for never since this process started. */
export function lastStep(): number {
  const now = offset();
  if (Math.abs(now - kept) > toleratedMs) steppedAt = Date.now();
  kept = now;
  return steppedAt;
}
