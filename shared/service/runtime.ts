/** What every service and agent stands on. deploy/ makes it, one per process. */
import type { Bus } from '#shared/bus/bus.ts';
import type { Settings } from '#shared/config/settings.ts';
import type { RequestLog } from '#shared/http/request-log.ts';
import type { Log } from '#shared/log/log.ts';

export interface Runtime {
  readonly settings: Settings;
  readonly log: Log;
  readonly bus: Bus;
  /** Where APIs write a line for each request. */
  readonly requests?: RequestLog;
}

/** What start() of a service or an agent gives back. */
export interface Started {
  /** Stops where it stands: the next start goes on from there. Guests and other outside things stay. */
  close(): Promise<void>;
}

export type Start = (runtime: Runtime) => Promise<Started>;
