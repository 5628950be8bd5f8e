/** Tracks whether a host answers, so that only the first requests wait for one that does not; probes it until it does. */
export interface Liveness {
  isAway(): boolean;
  /** Reports a failed connection: the host counts as away until it answers a probe. */
  lost(): void;
  /** Reports a slow request: a probe decides whether the host is away. */
  suspect(): void;
  close(): void;
}

interface LivenessOptions {
  /** Resolves with whether the host answers. */
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
