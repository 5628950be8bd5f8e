/** Proxies, limits and request log of the APIs of a process, from the section `cloud`. */
import type { Cloud } from '#shared/config/cloud.ts';
import { type Addressing, proxiesOf } from '#shared/http/address.ts';
import type { RequestLog } from '#shared/http/request-log.ts';
import type { ConnectionLimits } from '#shared/http/server.ts';
import type { Runtime } from './runtime.ts';

export interface Edge {
  readonly addressing: Addressing;
  readonly limits: ConnectionLimits;
  readonly bodyIdleMs: number;
  readonly requests?: RequestLog;
}

export function edgeOf(
  cloud: Cloud,
  { publicUrl }: { readonly publicUrl: string },
  { requests }: Pick<Runtime, 'requests'>,
): Edge {
  const isProxy = proxiesOf(cloud.trustedProxies);
  const { connections, connectionsPerAddress, headersMs, bodyIdleMs } = cloud;
  return {
    addressing: { publicUrl: publicUrl.replace(/\/$/, ''), isProxy },
    limits: { connections, connectionsPerAddress, headersMs, isProxy },
    bodyIdleMs,
    ...(requests ? { requests } : {}),
  };
}
