/** Notices that the wall clock of this host was set: it and the monotonic clock no longer tell the same. */

/** Clocks that are adjusted slowly, as by NTP, differ less than this between two looks. */
const toleratedMs = 2_000;
const offset = () => Date.now() - performance.now();

let kept = offset();
let steppedAt = 0;

/** When the wall clock was last set, in its own new time; 0 when it was not since this process started. */
export function lastStep(): number {
  const now = offset();
  if (Math.abs(now - kept) > toleratedMs) steppedAt = Date.now();
  kept = now;
  return steppedAt;
}
