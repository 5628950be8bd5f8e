import type { Checks } from '#shared/api/checks.ts';
import type { Enforcer } from '#shared/auth/caller.ts';
import type { Identify } from '#shared/auth/token-keys.ts';
import type { Fault } from '#shared/errors/fault.ts';
import type { Log } from '#shared/log/log.ts';
import type { Addressing } from './address.ts';
import type { Dialect } from './dialect.ts';
import type { RequestLog } from './request-log.ts';
import type { Call, Route } from './route.ts';
import type { Strict } from './strict.ts';

export interface ServeOptions<Service> {
  /** The folder below openapi/, which is also the service of access rules. */
  readonly name?: string;
  readonly service: Service;
  readonly routes: readonly Route<Service>[];
  readonly enforcer: Enforcer;
  readonly dialect: Dialect;
  readonly identify: Identify;
  readonly checks: Checks;
  readonly log: Log;
  /** 114 688 bytes by default. */
  readonly bodyLimitBytes?: number;
  /** For tests: an answer that does not match openapi/ is a 500. */
  readonly checkAnswers?: boolean;
  /** A second validator, with the setting `validation: strict`. */
  readonly strict?: Strict;
  /** Called for each 401 and 403, for the audit. */
  readonly refused?: (service: Service, refusal: Refusal<Service>) => Promise<void>;
  /** The trusted proxies, and the public URL of this API. */
  readonly addressing?: Addressing;
  /** The maximum time without a byte of a body; 60 s by default. */
  readonly bodyIdleMs?: number;
  /** The log of requests. */
  readonly requests?: RequestLog;
  /** True when the service itself checks the disk space for what it stores. */
  readonly reservesRoom?: boolean;
}

/** A 401 or 403: of the token, the access rules, a policy rule or the handler. */
export interface Refusal<Service> {
  /** Whether the handler was called. */
  readonly handled: boolean;
  readonly route: Route<Service>;
  /** Its caller is anonymous where the token was refused. */
  readonly call: Call<undefined>;
  readonly fault: Fault;
}
