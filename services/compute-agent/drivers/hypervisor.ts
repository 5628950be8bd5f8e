/** The driver behind the contract: the guests of one host. `qemu` runs them, `fake` records them. */
import type {
  ComputeAgent,
  ComputeReport,
  GuestDiagnostics,
  GuestPower,
  GuestSpec,
  GuestState,
  MoveProgress,
  VncEndpoint,
} from '#shared/contracts/compute-agent.ts';

export type Power = GuestState['power'];
/** The part of the report that the driver measures. */
export type HostFacts = Omit<ComputeReport, 'hostId' | 'hostname' | 'address' | 'guests'>;
/** The power state in compute's row; null when this host does not own the guest. Rejects while compute is unreachable. */
export type OwnerState = (guestId: string) => Promise<GuestPower | null>;

export interface Hypervisor extends ComputeAgent {
  /** Rejects when `replaced` is aborted while it waits for the guest: a later spec has arrived. */
  ensureGuest(spec: GuestSpec, replaced?: AbortSignal): Promise<GuestState>;
  /** Finds the running guests. One whose process is gone (a power cut) is started if `ownerState` returns on or paused; with null none is. */
  recover(ownerState: OwnerState | null): Promise<void>;
  facts(): Promise<HostFacts>;
  guests(): ComputeReport['guests'];
  /** The last `length` lines; with null all that is kept. */
  consoleLog(id: string, length: number | null): Promise<string>;
  diagnostics(id: string): Promise<GuestDiagnostics>;
  injectNmi(id: string): Promise<void>;
  setPassword(id: string, user: string, password: string): Promise<void>;
  /** The unix socket of the VNC server. */
  vncSocket(id: string): Promise<VncEndpoint>;
  /** Null when the guest is not being sent to another host. */
  controlSending(id: string, what: 'progress' | 'abort' | 'force'): Promise<MoveProgress | null>;
  /** Disconnects from the guests, which keep running. */
  close(): Promise<void>;
  /** Stops every guest, by force after the grace period. The next start recovers them as after a power cut. */
  stopGuests(graceMs: number): Promise<void>;
  /** Removes every guest and all its files. */
  removeGuests(): Promise<void>;
}
