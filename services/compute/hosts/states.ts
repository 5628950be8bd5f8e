/** Whether a service or agent is up. */
import type { Presence } from '#shared/hosts/presence.ts';
import type { Compute } from '../context.ts';

interface Service {
  readonly binary: string;
  readonly host: string;
  readonly reportedAt: number;
  readonly forcedDown: boolean;
}

type Watching = Pick<Compute, 'presence'>;

/** The name of a service in `presence`. */
export const presenceKey = ({ binary, host }: Pick<Service, 'binary' | 'host'>): string => `${binary}/${host}`;

const markOf = (service: Service) => ({ host: presenceKey(service), reportedAt: service.reportedAt });

export const isUp = ({ presence }: Watching, service: Service): boolean =>
  !service.forcedDown && presence.isUp(markOf(service));

/** Watched without a report for hostDownMs, or declared down by an administrator: what it had may be moved. */
export const isLost = ({ presence }: Watching, service: Service): boolean =>
  service.forcedDown || presence.isLost(presenceKey(service));

/** Why it gets no new servers, for administrators; null when it may have some. */
export function whyAvoided({ presence }: Watching, service: Service): string | null {
  if (service.forcedDown) return 'was declared down';
  return presence.isAvoided(presenceKey(service)) ? whyDown(presence, service) : null;
}

function whyDown(presence: Presence, service: Service): string {
  const seconds = (ms: number) => Math.round(ms / 1000);
  const heldMs = presence.heldMs(presenceKey(service));
  if (heldMs > 0) return `was down several times of late, and is up when it has reported for ${seconds(heldMs)} s more`;
  const agoMs = Math.max(presence.silentMs(presenceKey(service)), Date.now() - service.reportedAt);
  return `reported ${seconds(agoMs)} s ago, at most ${presence.downMs / 1000} s are allowed`;
}
