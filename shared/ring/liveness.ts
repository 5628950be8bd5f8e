/** Remembers that a host does not answer, so that only the first requests wait for it; asks it again by itself. */
export interface Liveness {
  isAway(): boolean;
  /** A request found nobody: away until a probe is answered. */
  lost(): void;
  /** A request has been waiting for long: a probe decides whether the host or only its work is slow. */
  suspect(): void;
  close(): void;
}

interface LivenessOptions {
  /** Whether the host answers anything. */
  readonly probe: () => Promise<boolean>;
  readonly onAway: () => void;
  readonly everyMs?: number;
}

export function openLiveness({ probe, onAway, everyMs = 500 }: LivenessOptions): Liveness {
  let away = false;
  let probing = false;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  const set = (next: boolean) => {
    if (next && !away) onAway();
    away = next;
  };
  const look = async () => {
    probing = true;
    const answered = (await probe()) || (!away && (await probe())); // a busy host may miss one
    probing = false;
    if (closed) return;
    set(!answered);
    if (away) timer = setTimeout(look, everyMs).unref();
  };
  const lost = () => {
    if (away || closed) return;
    set(true);
    if (!probing) timer = setTimeout(look, everyMs).unref();
  };
  const suspect = () => {
    if (!away && !probing && !closed) void look();
  };
  const close = () => {
    closed = true;
    clearTimeout(timer);
  };
  return { isAway: () => away, lost, suspect, close };
}
