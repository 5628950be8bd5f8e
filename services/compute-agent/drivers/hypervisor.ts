/** What stands behind the contract: the guests of one host. `qemu` runs them, `fake` only writes them down. */
import type { ComputeAgent, ComputeReport, GuestSpec, GuestState, Screen } from '#shared/contracts/compute-agent.ts';

export type Power = GuestState['power'];
/** What the report says of the machine, apart from its names. */
export type HostFacts = Omit<ComputeReport, 'hostId' | 'hostname' | 'address' | 'guests'>;
/** The power that compute's row wants; null when this host does not own the guest. Rejects while compute is away. */
export type OwnerState = (guestId: string) => Promise<'on' | 'off' | 'paused' | null>;

export interface Hypervisor extends ComputeAgent {
  /** Rejects when `replaced` fires while it waits for the guest: a later spec has come. */
  ensureGuest(spec: GuestSpec, replaced?: AbortSignal): Promise<GuestState>;
  /** Finds the guests that run; one whose process is gone (a power cut) starts again when its owner says so; null: none does. */
  recover(ownerState: OwnerState | null): Promise<void>;
  facts(): Promise<HostFacts>;
  guests(): ComputeReport['guests'];
  /** The last `length` lines, all that is kept without it. */
  consoleLog(id: string, length: number | null): Promise<string>;
  /** The unix socket that speaks RFB. */
  vncSocket(id: string): Promise<Screen>;
  /** Lets go of the guests, which run on. */
  close(): Promise<void>;
  /** Ends every guest, softly within the grace. The next start finds them as after a power cut. */
  stopGuests(graceMs: number): Promise<void>;
  /** Every guest and all that was kept for it: gone. */
  removeGuests(): Promise<void>;
}

/** Calls one after the other for each key, side by side for different keys, and gives what each gave. */
export function turns(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return (key, work) => {
    const mine = (last.get(key) ?? Promise.resolve()).then(work, work);
    last.set(key, mine);
    const forget = () => {
      if (last.get(key) === mine) last.delete(key);
    };
    mine.then(forget, forget);
    return mine;
  };
}
