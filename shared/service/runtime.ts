/** What deploy/ gives to the services and agents of a process at their start. */
import type { Bus } from '#shared/bus/bus.ts';
import type { Settings } from '#shared/config/settings.ts';
import type { RequestLog } from '#shared/http/request-log.ts';
import type { Log } from '#shared/log/log.ts';

export interface Runtime {
  readonly settings: Settings;
  readonly log: Log;
  readonly bus: Bus;
  /** The log of requests of all APIs in this process. */
  readonly requests?: RequestLog;
}

export interface Started {
  /** Stops the service. Tasks go on at the next start; guests, volumes and networks stay as they are. */
  close(): Promise<void>;
}

export type Start = (runtime: Runtime) => Promise<Started>;
