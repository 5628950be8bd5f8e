/** Deadlines of many short tasks, watched by one timer: a timer for each would cost more than a small task itself. */

export interface Deadline {
  /** By the monotonic clock, in ms; may be moved. It is noticed up to 100 ms later. */
  at: number;
  readonly expire: () => void;
}

const sweepMs = 100;
const watched = new Set<Deadline>();
let timer: NodeJS.Timeout | undefined;

/** Calls `expire` once when the deadline has passed, unless it is dropped before. */
export function watchDeadline(deadline: Deadline): void {
  watched.add(deadline);
  timer ??= setInterval(sweep, sweepMs).unref();
}

export const dropDeadline = (deadline: Deadline): boolean => watched.delete(deadline);

function sweep(): void {
  const now = performance.now();
  for (const deadline of watched) if (deadline.at <= now && watched.delete(deadline)) deadline.expire();
  if (watched.size > 0) return;
  clearInterval(timer);
  timer = undefined;
}
